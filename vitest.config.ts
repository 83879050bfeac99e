import { configDefaults, defineConfig } from "vitest/config";

/** What takes minutes and is no matter of Node's version: CI's second run, on another Node, leaves it out. */
const onceIsEnough = [
  "test/at/corpus.test.ts",
  "test/stories/own-lpa-faults.test.ts",
  "test/stories/station-killed.test.ts",
  "test/stories/reserve-killed.test.ts",
  "test/station/page/browser.test.ts",
  "test/station/records/large-record.test.ts",
  "test/package/**",
  "test/sweep/**",
];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(process.env["ESIMD_SECOND_RUN"] === "1" ? onceIsEnough : [])],
    // Everything that is said in a run is collected, and looked through for secrets at its end (docs/security.md).
    globalSetup: ["test/leaks/whole-run.ts"],
    setupFiles: ["test/leaks/collect.ts"],
    pool: "forks",
    // Stories mostly wait for one another's emulators, so that a worker on every core is not too many.
    maxWorkers: "100%",
    // Nothing is asserted by them: a story is a chain of commands that wait for conditions, and a busy machine takes its time for each.
    testTimeout: 150_000,
    hookTimeout: 90_000,
    // Stories with modems that restart in real time have raced on CI's machine; there, and nowhere else, one is tried once more, which the output tells.
    retry: process.env["CI"] === "true" ? 1 : 0,
  },
});
