// Modules that the build makes.
declare module "virtual:catalogue" {
  const rows: readonly import("./catalogue.js").CatalogueRow[];
  export default rows;
}
declare module "*.css";
