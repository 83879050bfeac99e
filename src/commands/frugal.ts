import { setFlagsFromString } from "node:v8";

/**
 * Most commands compute for less than a second and wait for modems and servers for the rest, on machines with little memory. V8 is made for
 * programs that run hot: it compiles what is called often once more, in threads of its own, and lets its heap grow before it looks for
 * what is not needed any more. Said from within, so that it holds for however the program was started; docs/bench.md has what it saves.
 */
export const frugalFlags: readonly string[] = [
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  // The nursery stays as small as it begins. Its greatest size is read when Node starts, and could not be set here any more.
  "--semi-space-growth-factor=1",
  // undici parses HTTP in WebAssembly: one compiler for it is enough.
  "--no-wasm-tier-up",
  "--no-wasm-dynamic-tiering",
];

/** Before anything else is loaded. */
export async function beFrugal(): Promise<void> {
  for (const flag of frugalFlags) setFlagsFromString(flag);
  const { interpretChecks } = await import("./interpreted-checks.js");
  interpretChecks();
}
