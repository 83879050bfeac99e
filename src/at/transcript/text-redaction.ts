import { type Blanking, swapNibbles } from "./blanking.js";

/** The redaction of plain AT text. Pure but for the stand-ins; the result is as long as the text. */

/** `1$HOST$MATCHING-ID`, and what stands in the parameters behind it: the confirmation code. */
const activationCode = /(\b1\$[A-Za-z0-9.:-]{0,255}\$)([A-Za-z0-9-]+)([^",]*"?)(,.*)?/;
const quoted = /"([^"]*)"/g;

/** Commands with a PIN or a password in their parameters (TS 27.007 8.3, 7.4, 7.5); their answers tell a state or a count of tries. */
const pinCommand = /^(AT(?:.*;)?(?:\+CPIN|\+CPWD|\+CLCK|\+CSTA|\+QPINC)\s*=)(.*)$/i;
/**
 * The login of the data context, in the command that sets it and in the answer that shows it again: TS 27.007 10.1.31; Quectel's QICSGP,
 * SIMCom's CNCFG and CSTT, Intel's XGAUTH and Fibocom's MGAUTH, Telit's PDPAUTH, SGACT, USERID and PASSW, u-blox's UAUTHREQ and UPSD,
 * Qualcomm's QCPDPP, Huawei's AUTHDATA and NDISDUP.
 */
const login =
  /^((?:AT(?:.*;)?)?(?:\+(?:CGAUTH|QICSGP|CNCFG|CSTT|XGAUTH|MGAUTH|UAUTHREQ|UPSD)|#(?:PDPAUTH|SGACT|USERID|PASSW)|\$QCPDPP|\^(?:AUTHDATA|NDISDUP))\s*[=:])(.*)$/i;
/** Answers that tell where the unit is, and its callers. Area and cell are in quotes, the state of the registration is not. */
const registration = /^(\+C(?:5G|G|E)?REG\s*:)(.*)$/i;
const whereabouts =
  /^((?:\+QENG|\+GTCCINFO|\+QGPSLOC|\+QCELLLOC|\+CGPSINFO|\+CGNSINF|\+CLBS|\+CPSI|!GSTATUS)\s*:|\$G[A-Z]{4},)(.*)$/i;
const callers =
  /^((?:\+CNUM|\+CLIP|\+CCWA|\+COLP|\+CLCC|\+CMGL|\+CMGR|\+CMT|\+CDS|\+CSCA|\+CUSD|\+CMGS)\s*[:=]|ATD|AT\+(?:CMGS|CSCA|CUSD|CPBW|CMGW)\s*=)(.*)$/i;
/** `FSN: LR83…` of Sierra's ATI, and its like. */
const serialNumber = /^((?:FSN|SN|S\/N|SERIAL(?: NUMBER)?|\+CFSN)\s*:\s*)(.*)$/i;

const path = /^gsma\/rsp2\/es9plus\/[A-Za-z]+$/;
/** The AIDs that a host selects begin with the RID of 3GPP, ETSI or GSMA; an ATR begins with 3B or 3F (ISO/IEC 7816-3, 8.1). */
const harmlessHex = /^(A0000000(09|87|63)|A000000559)[0-9A-F]{0,22}$|^3[BF]([0-9A-F]{2}){2,32}$/i;

export function redactText(text: string, blanking: Blanking): string {
  const rule = [pinCommand, login, whereabouts, serialNumber].find((pattern) => pattern.test(text));
  if (rule !== undefined) return text.replace(rule, (_all, head: string, rest: string) => head + blanking.text(rest));
  const narrowed = text
    .replace(
      registration,
      (_all, head: string, rest: string) => head + rest.replace(quoted, (whole) => whole.replace(/[1-9A-Fa-f]/g, "0")),
    )
    .replace(
      callers,
      (_all, head: string, rest: string) => head + rest.replace(/\d{5,}/g, (run) => blanking.standIns.digits(run)),
    );
  return redactTokens(redactActivationCode(narrowed, blanking), blanking);
}

function redactActivationCode(text: string, blanking: Blanking): string {
  return text.replace(activationCode, (_all, head: string, token: string, oid: string, rest = "") => {
    return head + blanking.standIns.code(token) + oid + blanking.text(rest);
  });
}

function redactTokens(text: string, blanking: Blanking): string {
  return text
    .replace(/(?<=\+)\d{7,15}(?!\d)/g, (digits) => blanking.standIns.digits(digits))
    .replace(/[0-9A-Za-z+/]{40,}={0,2}/g, (run) => {
      const known = path.test(run) || /^[0-9A-Fa-f]+$/.test(run) || harmlessHex.test(run);
      return known ? run : blanking.text(run);
    })
    .replace(/[0-9A-Za-z]{10,}/g, (run) => redactRun(run, blanking));
}

/** A run of letters and digits that may be an identifier in some spelling. */
function redactRun(run: string, blanking: Blanking): string {
  const { standIns } = blanking;
  const filled = /^(\d{18,19})([Ff]+)$/.exec(run);
  if (filled?.[1] !== undefined) return standIns.digits(filled[1]) + (filled[2] ?? "");
  const swapped = redactSwappedIccid(run, blanking);
  if (swapped !== undefined) return swapped;
  if (harmlessHex.test(run) && run.length <= 66) return run;
  if (/^[0-9A-Fa-f]{20,}$/.test(run) && /[A-Fa-f]/.test(run)) return blanking.hex(run);
  return run.replace(/\d{10,}/g, (digits) => standIns.digits(digits));
}

/** 20 characters as EF-ICCID has them, filler included; undefined for anything else. */
export function redactSwappedIccid(hex: string, blanking: Blanking): string | undefined {
  const digits = /^(89\d{16,18})([Ff]{0,2})$/.exec(hex.length === 20 ? swapNibbles(hex) : "");
  if (digits?.[1] === undefined) return undefined;
  return swapNibbles(blanking.standIns.digits(digits[1]) + (digits[2] ?? ""));
}
