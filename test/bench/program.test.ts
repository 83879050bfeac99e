import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { frugalFlags } from "../../src/commands/frugal.js";
import { commands, isFrugal } from "../../src/commands/table.js";
import { checkedDialects } from "../../src/modem/dialects/own-checked.js";
import { bundleProgram } from "../../systemd/package/bundle.js";
import { undiciNames } from "../../systemd/package/bundle-parts.js";
import { programCeilings } from "./ceilings.js";
import { commandOf, dependenciesOf, npmPackageOf, sizeOf, startOf } from "./program-sizes.js";

/** What the program is made of, held to its ceilings; times and memory are the bench's, and are not judged. */

const root = resolve(import.meta.dirname, "../..");
const bundle = await bundleProgram(root, 1_790_000_000);

describe("the program", () => {
  it("is no larger than it may be", () => {
    const { bytes, files } = sizeOf(bundle);
    expect(bytes).toBeLessThan(programCeilings.bundleBytes);
    expect(files).toBeLessThan(programCeilings.bundleFiles);
  });

  it("asks for no more packages than it may", () => {
    const { direct, all } = dependenciesOf(root);
    expect(direct).toBeLessThanOrEqual(programCeilings.directDependencies);
    expect(all).toBeLessThanOrEqual(programCeilings.allDependencies);
  });

  it("makes no larger a package for npm than it may, with the program and its map in it", () => {
    const { bytes, files } = npmPackageOf(root);
    expect(bytes).toBeLessThan(programCeilings.npmPackageBytes);
    expect(files).toBeGreaterThan(200);
  });
});

describe("what is loaded as soon as a command is named", () => {
  it.each(Object.entries(programCeilings.loadedBytes))("is for %s of %i bytes at most", (what, ceiling) => {
    const { bytes } = what === "--version" ? startOf(bundle, what, "src/cli.ts") : commandOf(bundle, what);
    expect(bytes).toBeLessThan(ceiling);
    // Else it would be another program that is small.
    expect(bytes).toBeGreaterThan(ceiling / 2);
  });

  it("is no library for --version", () => {
    expect(startOf(bundle, "--version", "src/cli.ts").sources.filter((path) => path.includes("node_modules"))).toEqual(
      [],
    );
  });

  it.each(["provision", "probe", "run", "status", "doctor"])("is for %s nothing of another's", (name) => {
    const foreign = /^src\/(station|emulator|label)\/|\/node_modules\/(csv-parse|uqr|undici|serialport)\//;
    const { sources } = commandOf(bundle, name);
    expect(sources.filter((path) => foreign.test(`/${path}`) || foreign.test(path))).toEqual([]);
    expect(sources).toContain(`src/commands/${name}.ts`);
  });

  it("is no form of a dialect file, since esimd's own dialects were checked when it was built", () => {
    expect(commandOf(bundle, "provision").sources).not.toContain("src/modem/dialects/spec.ts");
    expect(commandOf(bundle, "provision").sources).toContain("src/modem/dialects/own-checked.ts");
  });
});

describe("what the bundle has in place of what the sources say", () => {
  it("is the same dialects", () => {
    expect(JSON.parse(JSON.stringify(checkedDialects))).toEqual(checkedDialects);
  });

  it("is every name of undici that the sources use", () => {
    const used = sources(join(root, "src")).flatMap((text) => [
      ...[...text.matchAll(/\{([^{}]*)\}\s*=\s*await import\("undici"\)/g)].flatMap(([, names = ""]) =>
        names.split(","),
      ),
      ...[...text.matchAll(/import\("undici"\)\.then\(\s*\(\{([^{}]*)\}/g)].flatMap(([, names = ""]) =>
        names.split(","),
      ),
      ...[...text.matchAll(/\bundici\.(\w+)/g)].map(([, name = ""]) => name),
    ]);
    const names = new Set(used.map((name) => name.trim()));
    expect([...names].sort()).toEqual(undiciNames);
    const imports = sources(join(root, "src"))
      .join("")
      .match(/import\("undici"\)/g);
    // Each way of importing it is one of those above.
    expect(imports).toHaveLength(4);
  });
});

describe("a frugal command", () => {
  it("sets flags that this Node knows", () => {
    const script = `for (const flag of ${JSON.stringify(frugalFlags)}) require("node:v8").setFlagsFromString(flag)`;
    const { stderr, status } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("is every one that does not compute for long", () => {
    const busy = commands.map(({ name }) => name).filter((name) => !isFrugal(name));
    expect(busy).toEqual([
      "demo",
      "label",
      "station",
      "fake-api",
      "fake-line",
      "fake-modem",
      "fake-world",
      "fake-smdp",
    ]);
    expect(isFrugal(undefined)).toBe(false);
    expect(isFrugal("--version")).toBe(false);
  });

  it.each([
    ["provision", { jitless: true, optimizes: false }],
    ["station", { jitless: false, optimizes: true }],
  ])("has neither V8's optimizing compiler nor zod's own, and another has both: %s", (name, expected) => {
    const folder = mkdtempSync(join(tmpdir(), "esimd-frugal-"));
    try {
      const preload = join(folder, "witness.cjs");
      writeFileSync(preload, witness);
      const words = ["--require", preload, join(root, "dist/cli.js"), name, "--help"];
      const said = execFileSync(process.execPath, words, { encoding: "utf8" });
      expect(JSON.parse(said.trimEnd().split("\n").at(-1) ?? "")).toEqual(expected);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** V8's own word on a function that it was asked to optimize (kOptimized of its runtime.h), when the program ends. */
const witness = `process.on("exit", () => {
  require("node:v8").setFlagsFromString("--allow-natives-syntax");
  const hot = (value) => value + 1;
  const steps = "%PrepareFunctionForOptimization(hot); hot(1); %OptimizeFunctionOnNextCall(hot); hot(1);";
  const status = new Function("hot", steps + "return %GetOptimizationStatus(hot)")(hot);
  console.log(JSON.stringify({ jitless: globalThis.__zod_globalConfig?.jitless === true, optimizes: (status & 16) !== 0 }));
});
`;

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}
