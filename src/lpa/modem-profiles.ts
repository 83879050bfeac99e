import { isEsimdError } from "../base/errors.js";
import type { Iccid } from "../base/identifiers.js";
import type { OwnLpaDialect } from "../modem/dialects/dialect.js";
import { type ModemLine, ModemResultCode, runExchange, runQuery } from "../modem/exchange.js";
import type { InstalledProfile } from "./lpa.js";

/** What every modem with an LPA of its own offers: its list, and the switch. */
export async function listByModem(
  line: ModemLine,
  dialect: OwnLpaDialect,
  signal: AbortSignal,
): Promise<readonly InstalledProfile[]> {
  const rows = await runQuery(line, dialect.list, signal, dialect.describeResultCode);
  return rows.map(({ iccid, enabled }) => ({ iccid, enabled }));
}

const alreadyEnabled = "85000102";

export async function enableByModem(
  line: ModemLine,
  dialect: OwnLpaDialect,
  iccid: Iccid,
  signal: AbortSignal,
): Promise<void> {
  try {
    await runExchange(line, dialect.enable, { iccid }, signal, dialect.describeResultCode);
  } catch (error) {
    const code = isEsimdError(error) && error.cause instanceof ModemResultCode ? error.cause.code : undefined;
    if (code !== alreadyEnabled) throw error;
  }
}
