import { resolve } from "node:path";
import ours from "../../../vitest.config.js";

/** As the whole run is, for leaky.case.ts. */
export default {
  ...ours,
  root: resolve(import.meta.dirname, "../../.."),
  test: { ...ours.test, include: ["test/leaks/leaky/*.case.ts"] },
};
