import { EsimdError } from "../base/errors.js";
import type { NoDownload, OwnLpaDialect } from "../modem/dialects/dialect.js";
import type { ModemLine } from "../modem/exchange.js";
import { readLpaSwitch } from "../modem/lpa-switch.js";
import type { Lpa } from "./lpa.js";
import { createModemProfiles } from "./modem-profiles.js";

/** A modem's own LPA that manages profiles and cannot fetch one: whoever wants a download is told so before anything is paid. */
export function createModemOnlyLpa(line: ModemLine, dialect: OwnLpaDialect, download: NoDownload): Lpa {
  const refuse = async (signal: AbortSignal): Promise<never> => {
    const { lpaSwitch } = dialect;
    if (lpaSwitch !== undefined && (await readLpaSwitch(line, lpaSwitch, signal)) === true) {
      throw new EsimdError(
        "lpa_holds_isdr",
        `the LPA of the modem on ${line.channel.portName} holds the eUICC (${lpaSwitch.name} is 1), cannot download, and may be switched off only with modem.take_isdr = true`,
      );
    }
    throw new EsimdError(
      "download_unsupported",
      `the LPA of a modem of the family ${dialect.name} cannot download over AT: ${download.why}`,
    );
  };
  return {
    kind: "modem-only",
    ...createModemProfiles(line, dialect),
    requireReady: refuse,
    download: (_request, signal) => refuse(signal),
  };
}
