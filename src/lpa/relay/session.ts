import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { SmdpAddress } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import { type Es9PlusClient, type Es9PlusFunction, tookNotification } from "../es9plus/client.js";
import { smdpFailure } from "../es9plus/status-codes.js";
import type { InstallResult } from "../es10/install-result.js";
import { becauseOf } from "../es10/result-sentences.js";
import type { DownloadRequest, DownloadSession, OfferedProfile, ResultDelivery } from "../lpa.js";
import { cancelReasonIn, freeMemoryIn, installResultIn, offerIn, packageBytesIn } from "./inspect.js";

/** What the modem is given for one of its requests. */
export interface RelayAnswer {
  readonly status: number;
  readonly body: string;
}

export interface RelaySessionParts {
  readonly es9Plus: Es9PlusClient;
  readonly log: Log;
  /** Is the profile on the eUICC? Rejects when the list cannot be read. */
  readonly isInstalled: (offer: OfferedProfile | undefined, signal: AbortSignal) => Promise<boolean>;
}

/** The reasons that keep the order at the SM-DP+ alive (SGP.22 5.7.14); every other one ends it. */
const harmlessCancelReasons: ReadonlySet<string> = new Set(["postponed", "timeout"]);

/**
 * The host's side of one relayed download: posts what the modem asks for, to the SM-DP+ of the activation code and nowhere else, and
 * keeps rule 2: nothing of ours burns the order. Whatever goes wrong here becomes an HTTP error for the modem, so that it ends its
 * session in order.
 */
export class RelaySession {
  readonly #parts: RelaySessionParts;
  readonly #request: DownloadRequest;
  readonly #smdp: SmdpAddress;
  #freeMemoryBytes: number | undefined;
  #offer: OfferedProfile | undefined;
  #installResult: InstallResult | undefined;
  #delivery: ResultDelivery = "none";
  #error: EsimdError | undefined;
  #lastAsked: { readonly key: string; readonly answer: RelayAnswer } | undefined;

  constructor(request: DownloadRequest, parts: RelaySessionParts) {
    this.#request = request;
    this.#smdp = request.activationCode.smdpAddress;
    this.#parts = parts;
  }

  /** Answers one request of the modem; an event that is repeated word for word gets the same answer and is not posted again. */
  async answer(name: Es9PlusFunction, json: string, signal: AbortSignal): Promise<RelayAnswer> {
    const key = `${name} ${json}`;
    if (this.#lastAsked?.key === key) return this.#lastAsked.answer;
    const answer = await this.#answerOnce(name, json, signal);
    this.#lastAsked = { key, answer };
    return answer;
  }

  /** The eUICC's install result has passed through our hands. */
  get isReported(): boolean {
    return this.#installResult !== undefined;
  }

  /** How it ended, given what the modem reported at last. */
  end(reported: DownloadSession["reported"], error: EsimdError | undefined): DownloadSession {
    return {
      reported,
      offer: this.#offer,
      installResult: this.#installResult,
      resultDelivery: this.#delivery,
      error: reported === "installed" ? undefined : (this.#error ?? error),
    };
  }

  async #answerOnce(name: Es9PlusFunction, json: string, signal: AbortSignal): Promise<RelayAnswer> {
    try {
      switch (name) {
        case "initiateAuthentication":
          this.#request.onProgress("authenticating", 0, 0);
          return await this.#post(name, json, signal);
        case "authenticateClient":
          return await this.#authenticateClient(json, signal);
        case "getBoundProfilePackage":
          return await this.#getPackage(json, signal);
        case "handleNotification":
          return await this.#handleNotification(json, signal);
        case "cancelSession":
          return await this.#cancelSession(json, signal);
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isEsimdError(error)) throw error;
      this.#fail(error);
      return stopAnswer;
    }
  }

  async #post(name: Es9PlusFunction, json: string, signal: AbortSignal): Promise<RelayAnswer> {
    const { httpStatus, body, failure } = await this.#parts.es9Plus.post(this.#smdp, name, json, signal);
    if (failure !== undefined) {
      const byEid = this.#request.activationCode.matchingId === undefined;
      this.#fail(smdpFailure(this.#smdp, failure, byEid));
    } else if (httpStatus < 200 || httpStatus > 299) {
      this.#fail(new EsimdError("smdp_error", `the SM-DP+ ${this.#smdp} answers ${name} with HTTP ${httpStatus}`));
    }
    return { status: httpStatus, body };
  }

  async #authenticateClient(json: string, signal: AbortSignal): Promise<RelayAnswer> {
    this.#freeMemoryBytes = freeMemoryIn(json);
    const answer = await this.#post("authenticateClient", json, signal);
    if (this.#error !== undefined) return answer;
    this.#offer = offerIn(answer.body);
    if (this.#offer === undefined) {
      this.#parts.log.warn(
        { smdp: this.#smdp },
        "the SM-DP+'s offer cannot be read; the eUICC's list will tell which profile it was",
      );
      return answer;
    }
    // May take a moment (the Sim is configured here when asked to be); a rejection keeps the package from being bound at all.
    await this.#request.onOffer(this.#offer, signal);
    return answer;
  }

  async #getPackage(json: string, signal: AbortSignal): Promise<RelayAnswer> {
    this.#request.onProgress("authorising", 0, 0);
    const answer = await this.#post("getBoundProfilePackage", json, signal);
    const bytes = packageBytesIn(answer.body);
    if (bytes !== undefined && this.#freeMemoryBytes !== undefined && bytes > this.#freeMemoryBytes) {
      // Loading it would end in an error result, and that would end the order. Not loading it keeps the order for another try.
      throw new EsimdError(
        "euicc_full",
        `the profile has ${bytes} bytes and the eUICC ${this.#freeMemoryBytes} free: nothing was loaded, the reservation is kept`,
      );
    }
    return answer;
  }

  async #handleNotification(json: string, signal: AbortSignal): Promise<RelayAnswer> {
    this.#request.onProgress("reporting", 0, 0);
    const result = installResultIn(json);
    if (result === undefined) return this.#post("handleNotification", json, signal);
    if (result === "unreadable") {
      // It may say that the installation failed, and that would end the order. A success is told by the next notification, too.
      this.#delivery = "undelivered";
      this.#parts.log.warn({ smdp: this.#smdp }, "the modem's install result cannot be read; not sent");
      return stopAnswer;
    }
    this.#installResult = result;
    this.#delivery = "undelivered";
    if (result.outcome.kind === "error") {
      const { bppCommand, reason } = result.outcome;
      const full = /memory/i.test(reason);
      this.#fail(
        new EsimdError(
          full ? "euicc_full" : "install_failed",
          `the eUICC did not install the profile at ${bppCommand}, because ${becauseOf(reason)}`,
          {
            ...(full
              ? {
                  hint: "Make room on the eUICC, and ask the provider to release the order again: its error result ended it.",
                }
              : {}),
          },
        ),
      );
      // An error result ends the order. It is owed only if the profile really is not there (after an error it sometimes is).
      if (await this.#parts.isInstalled(this.#offer, signal)) return stopAnswer;
    }
    return this.#deliverResult(json, signal);
  }

  /** A failure to deliver is none of the installation's. */
  async #deliverResult(json: string, signal: AbortSignal): Promise<RelayAnswer> {
    try {
      const response = await this.#parts.es9Plus.post(this.#smdp, "handleNotification", json, signal);
      if (!tookNotification(response)) {
        this.#parts.log.warn({ status: response.httpStatus }, "the SM-DP+ did not take the install result");
        // The modem would take any 2xx for a receipt, and forget the result.
        return response.httpStatus > 299 ? { status: response.httpStatus, body: response.body } : stopAnswer;
      }
      this.#delivery = "delivered";
      return { status: response.httpStatus, body: response.body };
    } catch (error) {
      if (signal.aborted || !isEsimdError(error)) throw error;
      this.#parts.log.warn({ error }, "the install result could not be delivered to the SM-DP+");
      return stopAnswer;
    }
  }

  async #cancelSession(json: string, signal: AbortSignal): Promise<RelayAnswer> {
    const reason = cancelReasonIn(json);
    if (reason !== undefined && harmlessCancelReasons.has(reason)) return this.#post("cancelSession", json, signal);
    this.#parts.log.warn(
      { reason: reason ?? "unreadable" },
      "the modem wants to cancel with a reason that would end the order; not sent",
    );
    return stopAnswer;
  }

  /** The first failure is the reason; what follows from it is not. */
  #fail(error: EsimdError): void {
    this.#error ??= error;
    this.#parts.log.info({ error }, "the download session fails");
  }
}

/** Makes the modem give its session up, as it must when its server fails. */
const stopAnswer: RelayAnswer = { status: 503, body: "" };
