import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Dialect } from "./dialects/dialect.js";
import { etsiApdu } from "./dialects/etsi-apdu.js";
import { dialectNames, findDialect, ownLpaDialects } from "./dialects/index.js";
import { askWhileBusy, type ModemLine } from "./exchange.js";
import { isdrAid, openCardChannel } from "./uicc-access.js";

/**
 * Finds the dialect by asking, never by brand alone: three incompatible families share one command name. `wanted` skips the asking.
 * A modem with
 * none of them may still give access to the card. Resolves with undefined when it does not either.
 * @throws EsimdError `config_invalid` for a name that does not exist; what the channel throws.
 */
export async function detectDialect(
  line: ModemLine,
  wanted: string,
  signal: AbortSignal,
): Promise<Dialect | undefined> {
  if (wanted !== "auto") {
    const dialect = findDialect(wanted);
    if (dialect !== undefined) return dialect;
    throw new EsimdError(
      "config_invalid",
      `there is no dialect ${quote(wanted)}; known are auto, ${dialectNames.join(", ")}`,
    );
  }
  const answers = new Map<string, readonly string[] | undefined>();
  for (const dialect of ownLpaDialects) {
    const { send, timeoutMs, matches } = dialect.probe;
    if (!answers.has(send)) {
      const command = { text: send, answer: { kind: "prefix", prefix: "+QESIM" }, timeoutMs } as const;
      const reply = await askWhileBusy(line, command, true, signal);
      answers.set(send, reply.result.kind === "ok" ? reply.lines : undefined);
    }
    const lines = answers.get(send);
    if (lines !== undefined && matches(lines)) return dialect;
  }
  return (await opensIsdR(line, signal)) ? etsiApdu : undefined;
}

async function opensIsdR(line: ModemLine, signal: AbortSignal): Promise<boolean> {
  const card = await openCardChannel(line, isdrAid, signal);
  await card?.close(signal);
  return card !== undefined;
}
