import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPki } from "../../src/emulator/pki/pki.js";
import { loadCiRoots } from "../../src/lpa/es9plus/trust.js";
import { type ForeignSmdp, runningSmdp, startOsmoSmdpp } from "./foreign-smdp.js";
import { Lpac } from "./lpac.js";
import { checkLpac } from "./lpac-checks.js";
import { onPath } from "./on-path.js";
import { Outcome } from "./outcome.js";
import { sgp26IsHere, writeSgp26Pki } from "./sgp26.js";
import { checkSmdp, type WhoseLpa } from "./smdp-checks.js";

/** `npm run peers`: our emulators and LPAs against whatever foreign LPA and SM-DP+ this machine has (docs/peers.md). */

const { env } = process;
const asJson = process.argv.includes("--json");
const outcome = new Outcome((line) => process.stdout.write(`${line}\n`));

// What was started is stopped on the way out, which a signal alone would not do.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

await foreignLpa();
await foreignSmdp();
process.stdout.write(`${outcome.summary()}\n`);
if (asJson) process.stdout.write(`${JSON.stringify(outcome)}\n`);
process.exitCode = outcome.passed ? 0 : 1;

async function foreignLpa(): Promise<void> {
  const program = env["ESIMD_PEER_LPAC"] ?? onPath(["lpac"]);
  if (program === undefined) {
    outcome.skip("lpac on our emulators", "there is no lpac on PATH, and ESIMD_PEER_LPAC names none");
    return;
  }
  const lpac = new Lpac(program);
  await outcome.story("lpac", async () => {
    outcome.peer("lpac", await lpac.version());
    const drivers = await lpac.drivers();
    for (const driver of ["at", "at_csim"] as const) {
      if (drivers.includes(driver)) await checkLpac(lpac, driver, outcome);
      else outcome.skip(`lpac ${driver}`, "this lpac was built without the driver");
    }
  });
}

async function foreignSmdp(): Promise<void> {
  const at = env["ESIMD_PEER_SMDP"];
  const command = env["ESIMD_PEER_SMDPP"] ?? onPath(["osmo-smdpp", "osmo-smdpp.py"]);
  const what = "our LPAs with a foreign SM-DP+";
  if (at === undefined && command === undefined) {
    outcome.skip(
      what,
      "ESIMD_PEER_SMDP names none that runs, ESIMD_PEER_SMDPP none to start, and no osmo-smdpp is on PATH",
    );
    return;
  }
  const given = env["ESIMD_PEER_PKI"];
  if (given === undefined && !sgp26IsHere) {
    outcome.skip(what, "ESIMD_PEER_PKI is not set, and the SGP.26 test certificates are not in ../shared/rsp/certs");
    return;
  }
  const dir = await mkdtemp(join(tmpdir(), "esimd-peers-pki-"));
  let smdp: ForeignSmdp | undefined;
  try {
    await outcome.story("the foreign SM-DP+", async () => {
      if (given === undefined) writeSgp26Pki(dir);
      const pkiOf = (tlsNames: readonly string[]) => loadPki(given ?? dir, { tlsNames });
      const name = env["ESIMD_PEER_SMDP_NAME"];
      smdp = at === undefined ? await startOsmoSmdpp(command ?? "", name, pkiOf) : runningSmdp(at, name);
      outcome.peer("SM-DP+", smdp.label);
      const pki = pkiOf([]);
      const rootsDir = env["ESIMD_PEER_SMDP_ROOTS"];
      const ciRoots = rootsDir === undefined ? [pki.ciPem] : await loadCiRoots(rootsDir);
      const matchingId = env["ESIMD_PEER_MATCHING_ID"] ?? "TS48V1-A-UNIQUE";
      for (const whose of lpas()) await checkSmdp(whose, { smdp, pki, ciRoots, matchingId }, outcome);
    });
  } finally {
    smdp?.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Both, or the one of `--lpa`. */
function lpas(): readonly WhoseLpa[] {
  const all: readonly WhoseLpa[] = ["modem", "host"];
  const at = process.argv.indexOf("--lpa");
  if (at < 0) return all;
  const wanted = all.filter((one) => one === process.argv[at + 1]);
  if (wanted.length === 0) throw new Error("--lpa takes modem or host");
  return wanted;
}
