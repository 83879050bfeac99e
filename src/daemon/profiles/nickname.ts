import { EsimdError } from "../../base/errors.js";
import type { Iccid } from "../../base/identifiers.js";
import type { LockedEuicc } from "./session.js";

/** SGP.22 5.7.21: a UTF8String of up to 64 bytes. */
const maxBytes = 64;

/** @throws EsimdError `bad_input` for a name that an eUICC does not take, and those of the LPA. */
export async function renameProfile(
  { lpa, dialect }: Pick<LockedEuicc, "lpa" | "dialect">,
  iccid: Iccid,
  nickname: string,
  signal: AbortSignal,
): Promise<void> {
  requireNickname(nickname);
  if (lpa.kind !== "host" && !/^[ !#-~]*$/.test(nickname)) {
    throw new EsimdError(
      "bad_input",
      `the nickname cannot be given to the LPA of a modem of the family ${dialect.name}: an AT command holds printable ASCII without quotes only`,
      { hint: "Use letters without accents, or esimd's own LPA (--lpa host) where the modem lets it at the eUICC." },
    );
  }
  await lpa.setNickname(iccid, nickname, signal);
}

/** Pure. @throws EsimdError `bad_input`. */
export function requireNickname(nickname: string): void {
  const bytes = Buffer.byteLength(nickname, "utf8");
  if (bytes > maxBytes) {
    throw new EsimdError(
      "bad_input",
      `the nickname has ${bytes} bytes, and an eUICC keeps ${maxBytes} (SGP.22 5.7.21)`,
    );
  }
  if (/\p{Cc}/u.test(nickname)) throw new EsimdError("bad_input", "the nickname has a control character");
}
