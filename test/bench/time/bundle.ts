import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleInto } from "../idle.js";

/** The program as the package has it, for as long as `work` takes. */
export async function withBundle<Result>(work: (program: string) => Promise<Result>): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), "esimd-bundle-"));
  try {
    return await work(await bundleInto(dir));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
