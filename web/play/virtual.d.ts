// Modules that the build makes (web/portraits.js). Pixels are base64.
declare module "virtual:portraits" {
  const set: {
    readonly classes: readonly string[];
    readonly credits: readonly string[];
    readonly shape: readonly [channels: number, height: number, width: number];
    readonly shown: readonly { readonly label: number; readonly pixels: string }[];
  };
  export default set;
}
declare module "virtual:other-portraits" {
  const others: readonly { readonly label: number; readonly pixels: string }[];
  export default others;
}
