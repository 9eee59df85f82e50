/** Modules of Photoshop's JavaScript that Adobe's types leave out, as far as they are used here. */
declare module "os" {
  export function homedir(): string;
  export function platform(): string;
}
declare module "fs" {
  export function readFile(path: string, options: { encoding: string }): Promise<string>;
}
