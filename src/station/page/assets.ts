import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { describeCause, EsimdError } from "../../base/errors.js";

/** What the browser loads: compiled beside this file by `npm run build`, and beside the program in the Debian package. */

export interface Asset {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** By the path that the browser asks for. */
export type Assets = ReadonlyMap<string, Asset>;

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

const pages: Readonly<Record<string, string>> = { "index.html": "/", "login.html": "/login" };

/** Files by name, as a browser asks for them; what no browser is to have is left out. */
export function assetsOf(files: Iterable<readonly [string, Uint8Array]>): Assets {
  const assets = new Map<string, Asset>();
  for (const [name, bytes] of files) {
    const contentType = contentTypes[extname(name)];
    if (contentType !== undefined) assets.set(pages[name] ?? `/${name}`, { contentType, bytes });
  }
  return assets;
}

/** Read once, at the start: nothing that a browser sends becomes a path. @throws EsimdError `unexpected`. */
export function readAssets(folder = join(import.meta.dirname, "browser")): Assets {
  try {
    const names = readdirSync(folder).filter((name) => extname(name) in contentTypes);
    const assets = assetsOf(names.map((name) => [name, readFileSync(join(folder, name))] as const));
    if (assets.has("/") && assets.has("/main.js")) return assets;
  } catch (cause) {
    throw new EsimdError("unexpected", `the page's files cannot be read: ${describeCause(cause)}`, { cause });
  }
  throw new EsimdError("unexpected", `the page's files are not in ${folder}`, {
    hint: "Build esimd (`npm run build`), or install its package anew.",
  });
}
