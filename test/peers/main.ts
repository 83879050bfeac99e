import { Lpac, type LpacDriver } from "./lpac.js";
import { checkLpac } from "./lpac-checks.js";
import { onPath } from "./on-path.js";
import { Outcome } from "./outcome.js";

/** `npm run peers`: our emulators and LPAs against whatever foreign LPA and SM-DP+ this machine has. */

const asJson = process.argv.includes("--json");
const outcome = new Outcome((line) => process.stdout.write(`${line}\n`));

await foreignLpa();
process.stdout.write(`${outcome.summary()}\n`);
if (asJson) process.stdout.write(`${JSON.stringify(outcome)}\n`);
process.exitCode = outcome.passed ? 0 : 1;

async function foreignLpa(): Promise<void> {
  const program = process.env["ESIMD_PEER_LPAC"] ?? onPath(["lpac"]);
  if (program === undefined) {
    outcome.skip("lpac on our emulators", "there is no lpac on PATH, and ESIMD_PEER_LPAC names none");
    return;
  }
  const lpac = new Lpac(program);
  await outcome.story("lpac", async () => {
    outcome.peer("lpac", await lpac.version());
    const drivers = await lpac.drivers();
    const runs: readonly (readonly [LpacDriver, number])[] = [
      ["at", 120],
      ["at", 255],
      ["at_csim", 120],
    ];
    for (const [driver, segmentBytes] of runs) {
      if (drivers.includes(driver)) await checkLpac(lpac, driver, segmentBytes, outcome);
      else outcome.skip(`lpac ${driver}`, "this lpac was built without the driver");
    }
  });
}
