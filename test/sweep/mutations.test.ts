import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { buildMutants, mutate, runCompiler, sourcesOf } from "./mutant.js";
import { mutations } from "./mutations.js";
import { performAll } from "./pool.js";

/** The mutations as data, so that they do not rot. All of them with their sweeps are `npm run mutations`. */

const repository = fileURLToPath(new URL("../..", import.meta.url));
const sourceFolder = `${repository}src`;

describe("the mutations", () => {
  it("are ten and more, each with a name of its own", () => {
    expect(mutations.length).toBeGreaterThanOrEqual(10);
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
    for (const { name } of mutations) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it.each(mutations.map((mutation) => [mutation.name, mutation] as const))(
    "%s finds what it breaks, once",
    async (_name, mutation) => {
      const sources = await sourcesOf(mutation, sourceFolder);
      const mutated = mutate(mutation, sources);
      expect([...mutated.keys()]).toEqual([...sources.keys()]);
      for (const [file, text] of mutated) expect(text).not.toBe(sources.get(file));
    },
  );

  it("say so when the code has changed, or has it twice", () => {
    const [mutation] = mutations;
    if (mutation === undefined) throw new Error("there is no mutation");
    const [edit] = mutation.edits;
    const broken = (text: string) => () => mutate({ ...mutation, edits: [edit] }, new Map([[edit.file, text]]));
    expect(broken("nothing")).toThrow("0 times");
    expect(broken(`${edit.find}${edit.find}`)).toThrow("2 times");
  });

  it("are caught: one of them, from source to violation", { timeout: 120_000 }, async () => {
    const cache = `${repository}node_modules/.cache`;
    const trees = { sourceFolder, sweep: `${cache}/esimd-sweep-test`, mutants: `${cache}/esimd-mutant-test` };
    await runCompiler(["-p", `${repository}test/sweep/tsconfig.json`, "--outDir", trees.sweep]);
    const early = mutations.filter(({ name }) => name === "removed-early");
    const workers = await buildMutants(early, trees);
    const tasks = early.flatMap((mutation) => mutation.tasks);
    const { violations } = await performAll(tasks, 1, () => undefined, workers.get("removed-early"));
    expect(violations.map(({ what }) => what)).toEqual([expect.stringContaining("the SM-DP+ never heard")]);
  });
});
