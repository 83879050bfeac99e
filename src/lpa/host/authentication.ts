import { X509Certificate } from "node:crypto";
import { type Clock, sleep } from "../../base/clock.js";
import { describeCause, EsimdError, isEsimdError } from "../../base/errors.js";
import { type Imei, type MatchingId, maskIdentifiers } from "../../base/identifiers.js";
import type { Random } from "../../base/random.js";
import type { Es10Channel } from "../apdu/es10-channel.js";
import { decodeFrom } from "../asn1/tlv.js";
import { nextSessionMs } from "../es9plus/retries.js";
import { decodeServerSigned1, encodeAuthenticateServer } from "../es10/authenticate-server.js";
import { decodeEuiccChallenge, encodeGetEuiccChallenge } from "../es10/challenge.js";
import { encodeGetEuiccInfo1 } from "../es10/euicc-info.js";
import { ask, base64, type Es9Call, initiateAnswer } from "./es9.js";

/** The LPA's part in the common mutual authentication (SGP.22 3.0.1), which begins a download and a discovery alike. */

export interface AuthenticationParts {
  readonly isdR: Es10Channel;
  readonly call: Es9Call;
  readonly matchingId: MatchingId | undefined;
  readonly imei: Imei | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** A server's challenge to the eUICC. */
export type Started = Awaited<ReturnType<typeof ask<(typeof initiateAnswer)["_output"]>>>;

/** lpac's type allocation code serves modems that do not tell theirs. */
const unknownTac = "35290611";

/**
 * Carries the eUICC's challenge to the server, again where that has no room for a session yet: the challenge stays good until the card is
 * asked for another one. @throws EsimdError of the card and of {@link ask}.
 */
export async function initiateAuthentication(parts: AuthenticationParts, signal: AbortSignal): Promise<Started> {
  const { isdR, call, clock, random } = parts;
  const info1 = await isdR.command(encodeGetEuiccInfo1(), signal);
  const challenge = decodeEuiccChallenge(await isdR.command(encodeGetEuiccChallenge(), signal));
  const body = { smdpAddress: call.smdp, euiccChallenge: base64(challenge), euiccInfo1: base64(info1) };
  const startMs = clock.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask(call, "initiateAuthentication", body, initiateAnswer, signal);
    } catch (error) {
      if (signal.aborted || !isEsimdError(error, "smdp_busy")) throw error;
      const pauseMs = nextSessionMs(error, attempt, clock.monotonicMs() - startMs, random);
      if (pauseMs === undefined) throw error;
      await sleep(clock, pauseMs, signal);
    }
  }
}

/**
 * Carries the server's challenge to the eUICC, and gives what that says to it. `onCard` is called when the first byte is about to go to
 * the card: AuthenticateServer is the first long command.
 * @throws EsimdError `smdp_protocol`, `smdp_untrusted`, and of the card.
 */
export async function authenticateServer(
  parts: AuthenticationParts,
  started: Started,
  onCard: () => void,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { isdR, call, matchingId, clock, imei } = parts;
  const { role = "SM-DP+" } = call;
  const signed = decodeFrom("smdp_protocol", "serverSigned1", () => decodeServerSigned1(started.serverSigned1));
  if (signed.serverAddress.toLowerCase() !== call.smdp) {
    throw new EsimdError(
      "smdp_protocol",
      `the ${role} ${call.smdp} signs for the address ${maskIdentifiers(signed.serverAddress)}`,
    );
  }
  requireValidNow(started.serverCertificate, role, clock);
  const tac = (imei ?? unknownTac).slice(0, 8);
  const command = encodeAuthenticateServer({
    serverSigned1: started.serverSigned1,
    serverSignature1: started.serverSignature1.subarray(3),
    ciKeyId: started.euiccCiPKIdToBeUsed.subarray(2),
    serverCertificate: started.serverCertificate,
    ctxParams1: { ...(matchingId === undefined ? {} : { matchingId }), deviceInfo: { tac: Buffer.from(tac, "hex") } },
  });
  onCard();
  return isdR.command(command, signal);
}

/** The eUICC has no clock, so the dates of a certificate are ours to judge. */
function requireValidNow(certificateDer: Uint8Array, role: string, clock: Clock): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificateDer);
  } catch (cause) {
    throw new EsimdError("smdp_protocol", `the ${role}'s certificate cannot be read: ${describeCause(cause)}`, {
      cause,
    });
  }
  const now = clock.nowMs();
  if (now >= Date.parse(certificate.validFrom) && now <= Date.parse(certificate.validTo)) return;
  throw new EsimdError(
    "smdp_untrusted",
    `the ${role}'s certificate is valid from ${certificate.validFrom} to ${certificate.validTo}, and not today`,
    {
      hint: "Check the device's clock; if it is right, the provider must renew the certificate.",
    },
  );
}
