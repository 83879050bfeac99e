import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Mutation } from "./mutations.js";

/** Copies of the compiled sweep, each with one mutation in the place of the module that it is about. */

/** The source with the mutation in it, by file. @throws Error when the code is not as the mutation knows it. */
export function mutate(mutation: Mutation, sources: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const mutated = new Map<string, string>();
  for (const { file, find, replace } of mutation.edits) {
    const text = mutated.get(file) ?? sources.get(file) ?? "";
    const [before, after, ...more] = text.split(find);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(
        `${mutation.name}: src/${file} has what is to be replaced ${more.length + (after === undefined ? 0 : 1)} times`,
      );
    }
    mutated.set(file, `${before}${replace}${after}`);
  }
  return mutated;
}

/** The sources that a mutation is about, by file. */
export async function sourcesOf(mutation: Mutation, sourceFolder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Set(mutation.edits.map(({ file }) => file));
  return new Map(
    await Promise.all(
      [...files].map(async (file) => [file, await readFile(join(sourceFolder, file), "utf8")] as const),
    ),
  );
}

/** Where the compiled sweep lies, and the mutants: as deep as it, so that packages are found from there as well. */
export interface Trees {
  readonly sourceFolder: string;
  /** Compiled, and unmutated. */
  readonly sweep: string;
  readonly mutants: string;
}

/** The worker of each mutant, by the mutation's name. */
export async function buildMutants(
  mutations: readonly Mutation[],
  { sourceFolder, sweep, mutants }: Trees,
): Promise<ReadonlyMap<string, URL>> {
  const written = `${mutants}-source`;
  for (const folder of [mutants, written]) await rm(folder, { recursive: true, force: true });
  const files: string[] = [];
  const workers = new Map<string, URL>();
  for (const mutation of mutations) {
    const tree = join(mutants, mutation.name);
    await cp(sweep, tree, { recursive: true });
    workers.set(mutation.name, pathToFileURL(join(tree, "test/sweep/worker.js")));
    for (const [file, text] of mutate(mutation, await sourcesOf(mutation, sourceFolder))) {
      const path = join(written, mutation.name, "src", file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
      files.push(path);
    }
  }
  await compile(files, written, mutants);
  return workers;
}

/** Each file by itself and without a look at types: a mutation need not be good code. */
async function compile(files: readonly string[], rootDir: string, outDir: string): Promise<void> {
  const options = ["--ignoreConfig", "--noCheck", "--noResolve", "--verbatimModuleSyntax", "--target", "es2023"];
  const modules = ["--module", "esnext", "--moduleResolution", "bundler", "--rootDir", rootDir, "--outDir", outDir];
  await runCompiler([...options, ...modules, ...files]);
}

/** TypeScript's own command: since version 7 it has no API for this. */
export async function runCompiler(args: readonly string[]): Promise<void> {
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  await promisify(execFile)(process.execPath, [join(typescript, "bin/tsc"), ...args]);
}

/** The repository's trees, from a module of the compiled sweep. */
export function ownTrees(): Trees {
  const sweep = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  const cache = dirname(sweep);
  return { sourceFolder: join(cache, "../../src"), sweep, mutants: join(cache, "esimd-mutant") };
}
