// `basename` of node:path, in whose place the build puts this file.

export const basename = (path: string): string => path.split(/[\\/]/).findLast((part) => part !== "") ?? "";
