import { readdirSync, readFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { transform } from "esbuild";
import { type Assets, assetsOf } from "../../../src/station/page/assets.js";

/** The page's files as `npm run build` makes them, from the sources as they are now: a test must not look at yesterday's page. */
export async function freshAssets(): Promise<Assets> {
  const folder = resolve(import.meta.dirname, "../../../src/station/page/browser");
  const files = await Promise.all(
    readdirSync(folder).map(async (name): Promise<readonly [string, Uint8Array]> => {
      const bytes = readFileSync(join(folder, name));
      if (extname(name) !== ".ts") return [name, bytes];
      const { code } = await transform(bytes.toString("utf8"), { loader: "ts", format: "esm", target: "es2023" });
      return [name.replace(/\.ts$/, ".js"), Buffer.from(code)];
    }),
  );
  return assetsOf(files);
}
