import { EsimdError } from "../base/errors.js";
import type { OwnLpa } from "../modem/dialects/dialect.js";
import { ModemResultCode } from "../modem/exchange.js";

/** The code with which a modem's own LPA says that its download ended, whoever carried its HTTPS. Pure. */

export function isSuccess(code: string): boolean {
  return /^0+$/.test(code);
}

/** The error for a download that ended with another code than success. */
export function endedWith(code: string, { describeResultCode }: Pick<OwnLpa, "describeResultCode">): EsimdError {
  const meaning = describeResultCode(code) ?? "a code that is not documented";
  return byResultCode(
    new EsimdError("download_failed", `the modem's download ended with ${code} (${meaning})`, {
      cause: new ModemResultCode(code),
    }),
  );
}

/** Result codes that say more than "it failed"; those of the installation come with an error result that the modem itself delivers. */
export function byResultCode(error: EsimdError): EsimdError {
  const code = error.cause instanceof ModemResultCode ? error.cause.code : undefined;
  if (code === undefined) return error;
  const options = { cause: error.cause };
  if (code === "8500090a") {
    return new EsimdError("euicc_full", error.message, {
      ...options,
      hint: "Make room on the eUICC, and ask the provider whether the order can be released again.",
    });
  }
  if (/^850009/.test(code)) return new EsimdError("install_failed", error.message, options);
  if (/^850000(0f|10|13|14|15|17)$/.test(code)) return new EsimdError("smdp_unreachable", error.message, options);
  if (code === "85000016") return new EsimdError("smdp_error", error.message, options);
  return new EsimdError("download_failed", error.message, options);
}
