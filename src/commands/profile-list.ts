import type { ProfileDetails } from "../lpa/lpa.js";
import { type Payment, paymentOf } from "../provision/paid.js";
import { type EuiccCall, showResult, wordsOf } from "./euicc-call.js";
import { oneLine } from "./failure.js";
import { tableOf } from "./text-table.js";

/** `esimd profile list`. */
export async function listProfiles(call: EuiccCall): Promise<number> {
  wordsOf("profile", call.args, []);
  const { signal } = call;
  call.progress.state("listing", "Reading the eUICC's profiles.");
  const found = await call.look(async ({ port, eid, dialect, lpa, view }) => {
    const profiles = await lpa.describeProfiles(signal);
    const known = await view();
    const rows = profiles.map((profile) => ({ profile, payment: paymentOf(profile, known) }));
    return { port, eid, dialect: dialect.name, lpa: lpa.kind, rows };
  });
  const { rows, ...where } = found;
  const profiles = rows.map(({ profile, payment }) => ({ ...profileJson(profile), paid: paidJson(payment) }));
  const text =
    rows.length === 0
      ? `the eUICC ${found.eid} has no profile\n`
      : tableOf(
          ["ICCID", "STATE", "CLASS", "PROVIDER", "NAME", "NICKNAME", "PAID"],
          rows.map(({ profile, payment }) => rowOf(profile, payment)),
        );
  showResult(call, { schema: "esimd.profiles/1", ...where, profiles }, text);
  return 0;
}

/** A profile as the JSON of these commands has it; null is what the LPA does not tell. */
export function profileJson(profile: ProfileDetails): object {
  const { iccid, enabled, nickname, provider, name, profileClass } = profile;
  return {
    iccid,
    state: enabled ? "enabled" : "disabled",
    nickname: nickname ?? null,
    provider: provider ?? null,
    name: name ?? null,
    class: profileClass ?? null,
  };
}

function paidJson(payment: Payment): boolean | null {
  return payment === "unknown" ? null : payment === "paid";
}

const paidWords: Readonly<Record<Payment, string>> = { paid: "yes", "not-paid": "no", unknown: "unknown" };

function rowOf(profile: ProfileDetails, payment: Payment): readonly string[] {
  const { iccid, enabled, nickname, provider, name, profileClass } = profile;
  // Names come from an SM-DP+: they may hold what moves a terminal's cursor.
  const told = [profileClass, provider, name, nickname].map((text) => (text === undefined ? "-" : oneLine(text)));
  return [iccid, enabled ? "enabled" : "disabled", ...told, paidWords[payment]];
}
