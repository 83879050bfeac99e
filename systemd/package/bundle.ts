import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { build, type Metafile, transform } from "esbuild";
import {
  dialectsChecked,
  external,
  namedExports,
  nativeWhereInstalled,
  pinoWithoutThreads,
  serialportByParts,
  undiciByParts,
  zodByName,
} from "./bundle-parts.js";

/**
 * The program as a device gets it: no node_modules, and one file for each part that several commands share, so that a command loads what it
 * needs and nothing else. docs/package.md has the figures that decided between this, one file, minified or not.
 */

export interface Bundle {
  /** Name in the program's folder, and content. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Where they came from: `node_modules/pino`, `node_modules/a/node_modules/b`; esimd itself is not among them. */
  readonly packages: readonly string[];
  /** By the source of an entry (`src/commands/probe.ts`): what is loaded with it at once, and not only when it is needed. */
  readonly loadedWith: ReadonlyMap<string, Loaded>;
}

export interface Loaded {
  /** Paths from the root, without those of which nothing was left. */
  readonly sources: readonly string[];
  readonly files: number;
  readonly bytes: number;
}

const target = "node20.19";

export const programName = "esimd.js";
/** What npm's `esimd` starts. */
export const npmProgramName = "cli.js";
/** Where npm's parts lie, beside the program. */
export const partsFolder = "program";

/** For whom: a device without npm, by the Debian package, or whoever has npm, by `npm run build`. */
export type Home = "device" | "npm";

/** @param seconds when its sources were last changed: a clock that says less is wrong (src/base/build-date.ts). */
export async function bundleProgram(root: string, seconds: number, home: Home = "device"): Promise<Bundle> {
  const name = home === "npm" ? npmProgramName : programName;
  const made = await build({
    absWorkingDir: root,
    entryPoints: [{ in: "src/cli.ts", out: name.replace(/\.js$/, "") }],
    outdir: "program",
    write: false,
    bundle: true,
    splitting: true,
    ...(home === "npm" && { chunkNames: `${partsFolder}/[name]-[hash]` }),
    format: "esm",
    platform: "node",
    target,
    minify: true,
    legalComments: "none",
    // One byte a character: V8 keeps text that has any other with two.
    charset: "ascii",
    // Names and lines of a stack; the sources themselves are not shipped.
    ...(home === "npm" && { sourcemap: "inline", sourcesContent: false }),
    metafile: true,
    define: {
      ESIMD_BUILD_DATE: JSON.stringify(new Date(seconds * 1000).toISOString().slice(0, 10)),
      "import.meta.dirname": "__dirname",
    },
    external: [external],
    plugins: [
      undiciByParts,
      serialportByParts,
      pinoWithoutThreads,
      dialectsChecked,
      namedExports,
      zodByName,
      ...(home === "npm" ? [nativeWhereInstalled] : []),
    ],
    logLevel: "silent",
  });
  if (made.warnings.length > 0) throw new Error(`esbuild warns: ${made.warnings.map(({ text }) => text).join("; ")}`);
  const folder = join(root, "program/");
  const files = new Map<string, Uint8Array>();
  for (const { path, text } of made.outputFiles) {
    for (const [name, bytes] of await asCommonJs(path.slice(folder.length), text, home)) files.set(name, bytes);
  }
  const { inputs, outputs } = made.metafile;
  const loaded = loadedWith(outputs, (path) => files.get(path.slice("program/".length))?.length ?? 0);
  for (const [file, bytes] of await pageFiles(root)) files.set(home === "npm" ? `${partsFolder}/${file}` : file, bytes);
  return { files, packages: packagesOf(Object.keys(inputs)), loadedWith: loaded };
}

/**
 * esbuild cuts a program into parts as modules only. Node reads each module, finds its imports and links it with a pause in between; as
 * CommonJS, sixty parts are there at once.
 */
async function asCommonJs(name: string, text: string, home: Home): Promise<ReadonlyMap<string, Uint8Array>> {
  const { code, map, warnings } = await transform(home === "device" ? withoutInterpreter(text) : text, {
    format: "cjs",
    platform: "node",
    target,
    // Every part is strict as a module; `import()` of a part is a `require` that is put off.
    banner: '"use strict";',
    supported: { "dynamic-import": false },
    minify: true,
    legalComments: "none",
    charset: "ascii",
    sourcefile: name,
    ...(home === "npm" && { sourcemap: "external", sourcesContent: false }),
  });
  if (warnings.length > 0) throw new Error(`esbuild warns: ${warnings.map((one) => one.text).join("; ")}`);
  if (home === "device") return new Map([[name, Buffer.from(code)]]);
  return new Map([
    [name, Buffer.from(`${code}//# sourceMappingURL=${basename(name)}.map\n`)],
    [`${name}.map`, Buffer.from(map)],
  ]);
}

/** What the station's page is made of, in the folder beside the program where src/station/page/assets.ts looks for it. */
async function pageFiles(root: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = join(root, "src/station/page/browser");
  const made = await build({
    absWorkingDir: root,
    entryPoints: [join(folder, "main.ts"), join(folder, "login.ts")],
    tsconfig: join(folder, "tsconfig.json"),
    outdir: "browser",
    write: false,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
  });
  if (made.warnings.length > 0) throw new Error(`esbuild warns: ${made.warnings.map(({ text }) => text).join("; ")}`);
  const written = readdirSync(folder).filter((name) => [".html", ".css"].includes(extname(name)));
  return new Map<string, Uint8Array>([
    ...made.outputFiles.map(({ path, contents }) => [path.slice(join(root, "/").length), contents] as const),
    ...written.map((name) => [`browser/${name}`, readFileSync(join(folder, name))] as const),
  ]);
}

function loadedWith(outputs: Metafile["outputs"], bytesOf: (path: string) => number): ReadonlyMap<string, Loaded> {
  const entries = Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
    entryPoint === undefined ? [] : [[entryPoint, whole(path, outputs, bytesOf)] as const],
  );
  return new Map(entries);
}

function whole(path: string, outputs: Metafile["outputs"], bytesOf: (path: string) => number): Loaded {
  const seen = new Set([path]);
  // A set that grows is walked to its new end.
  for (const one of seen) {
    for (const { path: next, kind } of outputs[one]?.imports ?? []) {
      if (kind === "import-statement" && next in outputs) seen.add(next);
    }
  }
  const parts = [...seen].map((one) => outputs[one]);
  const sources = parts.flatMap((part) =>
    Object.entries(part?.inputs ?? {}).flatMap(([source, { bytesInOutput }]) => (bytesInOutput > 0 ? [source] : [])),
  );
  return {
    sources: sources.sort(),
    files: seen.size,
    bytes: [...seen].reduce((sum, one) => sum + bytesOf(one), 0),
  };
}

/** The launcher says which Node it is. */
function withoutInterpreter(text: string): string {
  return text.replace(/^#!.*\n/, "");
}

function packagesOf(inputs: readonly string[]): readonly string[] {
  const places = inputs.flatMap((input) => {
    const start = input.lastIndexOf("node_modules/");
    if (start < 0) return [];
    const [scope = "", name = ""] = input.slice(start + "node_modules/".length).split("/");
    return [`${input.slice(0, start)}node_modules/${scope.startsWith("@") ? `${scope}/${name}` : scope}`];
  });
  return [...new Set(places)].sort();
}
