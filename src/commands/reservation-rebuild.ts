import { isEsimdError } from "../base/errors.js";
import { carryOutRebuild, prepareRebuild } from "../daemon/reservations/rebuild.js";
import { budgetOf } from "../provision/budget.js";
import { chargesOf } from "../provision/charges.js";
import { foldLedger } from "../provision/ledger.js";
import { budgetText, chargeJson } from "./charges-text.js";
import { wordsOf } from "./euicc-call.js";
import type { ReservationCall } from "./reservation-call.js";
import { requireTyped, whyOf } from "./reservation-words.js";

/** `esimd reservation rebuild`: a new ledger in place of a damaged one, which is kept under another name. */
export async function rebuildOne(call: ReservationCall): Promise<number> {
  wordsOf("reservation", call.args, []);
  const why = whyOf(call);
  const { eid } = await call.subject();
  const { context, config, signal } = call;
  const show = (result: object, text: string): number => {
    const whole = { schema: "esimd.reservation-rebuild/1", eid, ...result, error: null };
    context.stdout(call.args.has("json") ? `${JSON.stringify(whole)}\n` : text);
    return 0;
  };
  return call.locked(eid, async (store) => {
    if (store.money() !== undefined) {
      return show({ changed: false }, `the ledger of the eUICC ${eid} is whole; nothing was changed\n`);
    }
    return call.withApi(undefined, async (api) => {
      // A ledger of what nobody was asked about would say that nothing was paid.
      if (isEsimdError(api)) throw api;
      const parts = { store, stateDir: config.stateDir, eid, api, why, clock: context.clock };
      const rebuilt = await prepareRebuild(parts, signal);
      const { entries, kept, lost } = rebuilt;
      const budget = budgetOf(foldLedger(entries), [], config.reservation);
      const charges = chargesOf(entries);
      await requireTyped(call, eid, {
        unconfirmed: `the new ledger would say: ${budgetText(budget)}; making it was not confirmed`,
        question: `The new ledger would say: ${budgetText(budget)}. A reservation by activation code that only the old one knew is not in it: see \`esimd reservation list\`. Type the EID: `,
        undone: "nothing was changed",
      });
      const setAside = await carryOutRebuild(parts, rebuilt);
      const aside = setAside === undefined ? "" : `the damaged one is ${setAside} now\n`;
      const text = `the ledger is made anew, ${kept} line(s) of the old one kept, ${lost} lost: ${budgetText(budget)}\n${aside}next: esimd reservation list, for one by activation code that only the old ledger knew\n`;
      const result = {
        changed: true,
        kept,
        lost,
        setAside: setAside ?? null,
        budget,
        charges: charges.map(chargeJson),
      };
      return show(result, text);
    });
  });
}
