/**
 * /usr/bin/esimd. Debian's Node, which the package depends on, and not another one that PATH may have.
 *
 * The daemon computes for seconds and rests for years: it does without V8's optimizing compilers and with a small heap. The compilers' own code
 * would stay in memory, and one of them takes up to 36 MB for undici's WebAssembly, in a thread whose memory malloc keeps (docs/package.md has
 * the figures). The other commands are over soon.
 */
export const daemonFlags: readonly string[] = [
  "--optimize-for-size",
  "--no-opt",
  "--no-sparkplug",
  "--max-semi-space-size=1",
  "--v8-pool-size=1",
  "--no-wasm-tier-up",
  "--no-wasm-dynamic-tiering",
];

export function launcher(program: string): string {
  return [
    "#!/bin/sh",
    "# esimd on Debian's Node; the flags keep a resting daemon small (docs/package.md).",
    'if [ "$1" = run ]; then',
    `  exec /usr/bin/node ${daemonFlags.join(" ")} ${program} "$@"`,
    "fi",
    `exec /usr/bin/node ${program} "$@"`,
    "",
  ].join("\n");
}
