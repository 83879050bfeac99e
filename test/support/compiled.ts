import { resolve } from "node:path";

/** A source file by itself, as `npm run build` compiles it on the way to the bundle, for a process of its own: `daemon/service.js`. */
export function compiled(file: string): string {
  return resolve(import.meta.dirname, "../../node_modules/.cache/esimd-build/src", file);
}
