import { EsimdError } from "../../base/errors.js";
import type { Batch, BatchItem } from "./fold.js";

/** Why a batch waits for a person, with the commands that decide it. Pure. */
export function heldItems(batch: Batch, undecided: readonly BatchItem[], cause: EsimdError | undefined): EsimdError {
  const { name } = batch;
  const inDoubt = undecided.filter(({ state }) => state.kind === "held");
  const lost = undecided.filter(({ state }) => state.kind === "lost");
  const numbers = (items: readonly BatchItem[]): string =>
    `${items.length === 1 ? "item" : "items"} ${items.map(({ number }) => number).join(", ")}`;
  const parts = [
    inDoubt.length === 0
      ? undefined
      : `of ${numbers(inDoubt)} no whole answer came, and each may have been charged${cause === undefined ? "" : ` (${cause.message})`}`,
    lost.length === 0 ? undefined : `${numbers(lost)} failed after the charge`,
  ].filter((part) => part !== undefined);
  const [first] = undecided;
  const release = `\`esimd reserve --batch ${name} --release ${first?.number ?? "ITEM"}\``;
  const look = `Look with \`esimd reserve list --batch ${name}\``;
  const hint =
    inDoubt.length === 0
      ? `${look}; ask the provider for a replacement; ${release} allows another one.`
      : `${look}, then decide: \`esimd reserve --batch ${name} --adopt SID\` for what it shows, or ${release} to allow another one.`;
  const code = inDoubt.length === 0 ? "reservation_lost" : "reservation_unclear";
  return new EsimdError(code, `the batch ${name} waits for a person: ${parts.join("; ")}`, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
