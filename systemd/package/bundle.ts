import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { build, type Plugin } from "esbuild";

/**
 * The program as a device gets it: no node_modules, and one file for each part that several commands share, so that a command loads what it
 * needs and nothing else. docs/package.md has the figures that decided between this, one file, minified or not.
 */

export interface Bundle {
  /** Name in the program's folder, and content. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Where they came from: `node_modules/pino`, `node_modules/a/node_modules/b`; esimd itself is not among them. */
  readonly packages: readonly string[];
}

/** What CommonJS packages expect to find, in a module. */
const commonJs =
  'import{createRequire as esimdRequire}from"node:module";' +
  "const require=esimdRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;";

export const programName = "esimd.js";

const external = "@lydell/node-pty";

/**
 * `await import("undici")` gives a CommonJS package's exports by their names, with Node; with esbuild, once it splits, as `default` alone.
 * So each package that is imported like this gets a module in between that names them: the names that Node finds.
 */
const namedExports: Plugin = {
  name: "named exports",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^[@a-z]/ }, ({ path, kind, resolveDir }) =>
      kind === "dynamic-import" && path !== external && !path.startsWith("node:")
        ? { path, namespace: "named", pluginData: resolveDir }
        : undefined,
    );
    onLoad({ filter: /./, namespace: "named" }, async ({ path, pluginData }) => {
      const found: unknown = await import(path);
      const names = Object.keys(Object(found)).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
      return { contents: `export { ${names.join(", ")} } from "${path}";`, resolveDir: String(pluginData) };
    });
  },
};

/**
 * `import { z }` takes the whole of zod, with its sentences in fifty languages, because esbuild does not look into a name that stands for a
 * module. As `import * as z` it takes what is used.
 */
const zodByName: Plugin = {
  name: "zod by name",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace('import { z } from "zod";', 'import * as z from "zod";'),
      loader: "ts",
    }));
  },
};

/** @param seconds when its sources were last changed: a clock that says less is wrong (src/base/build-date.ts). */
export async function bundleProgram(root: string, seconds: number): Promise<Bundle> {
  const made = await build({
    absWorkingDir: root,
    entryPoints: [{ in: "src/cli.ts", out: programName.replace(/\.js$/, "") }],
    outdir: "program",
    write: false,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    minify: true,
    legalComments: "none",
    charset: "utf8",
    metafile: true,
    define: { ESIMD_BUILD_DATE: JSON.stringify(new Date(seconds * 1000).toISOString().slice(0, 10)) },
    banner: { js: commonJs },
    // The emulators' pseudo-terminals: an optional package with native parts, and no emulator is needed on a device.
    external: [external],
    plugins: [namedExports, zodByName],
    logLevel: "silent",
  });
  if (made.warnings.length > 0) throw new Error(`esbuild warns: ${made.warnings.map(({ text }) => text).join("; ")}`);
  const folder = join(root, "program/");
  const files = new Map(
    made.outputFiles.map(({ path, text }) => [path.slice(folder.length), withoutInterpreter(text)]),
  );
  for (const [name, bytes] of await pageFiles(root)) files.set(name, bytes);
  return { files, packages: packagesOf(Object.keys(made.metafile.inputs)) };
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

/** The launcher says which Node it is. */
function withoutInterpreter(text: string): Uint8Array {
  return Buffer.from(text.replace(/^#!.*\n/, ""));
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
