import { api } from "./api.js";
import { type Check, type CheckName, checkNames } from "./check.js";
import { clock } from "./clock.js";
import { euicc, lpa } from "./euicc.js";
import { holder, modemManager } from "./holder.js";
import { lastRun } from "./last-run.js";
import { dialect, modem, sim } from "./modem.js";
import { port } from "./port.js";
import { configuration, credentials, dialectFiles } from "./setup.js";
import { smdp } from "./smdp.js";
import { records, stateFolder } from "./state.js";
import { ciKeys, ciRoots } from "./trust.js";

const direct: Readonly<Record<Exclude<CheckName, "last-run">, Check>> = {
  configuration,
  "dialect-files": dialectFiles,
  clock,
  credentials,
  port,
  holder,
  "modem-manager": modemManager,
  modem,
  dialect,
  sim,
  euicc,
  lpa,
  "state-folder": stateFolder,
  records,
  "ci-roots": ciRoots,
  api,
  smdp,
  "ci-keys": ciKeys,
};

const seenNow = new Set(Object.values(direct).flatMap(({ codes }) => codes));
const table: Readonly<Record<CheckName, Check>> = { ...direct, "last-run": lastRun(seenNow, ["euicc"]) };

/** Every check, in the order in which a run meets what they look at. */
export const checks: readonly Check[] = checkNames.map((name) => table[name]);
