import type { HttpAnswer, HttpFailure, HttpRequest } from "../../src/api/transport.js";
import { type Clock, sleep } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import type { ApiService } from "../../src/emulator/api/service.js";
import type { SmdpService } from "../../src/emulator/smdp/service.js";
import type { Es9Answer } from "../../src/lpa/es9plus/client.js";

/** The network between a run and its two servers, in memory: it takes its time, and on bad days does one thing of a list. */

export type NetworkFault =
  /** No connection: not a byte was sent. */
  | { readonly do: "refused" }
  /** The request is on its way and is lost, or has its effect and loses its answer; the line breaks, or is silent. */
  | { readonly do: "cut" | "silence"; readonly effect: boolean }
  /** As a cut, but what was sent arrives so much later, whoever is alive then. */
  | { readonly do: "late-effect"; readonly ms: number }
  | { readonly do: "cut-in-body"; readonly effect: boolean }
  | { readonly do: "slow"; readonly ms: number }
  | {
      readonly do: "status";
      readonly status: number;
      readonly effect: boolean;
      readonly retryAfter?: string;
      readonly html?: true;
    }
  | { readonly do: "html" | "wrong-json" | "empty"; readonly effect: boolean }
  | { readonly do: "redirect" }
  /** ES9+ only: the function fails by the SM-DP+'s own word. */
  | { readonly do: "failed"; readonly subjectCode: string; readonly reasonCode: string };

export interface SimNetworkParts {
  readonly clock: Clock;
  readonly api: ApiService;
  readonly smdp: SmdpService;
}

interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const oneWayMs = 20;
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export class SimNetwork {
  readonly #parts: SimNetworkParts;

  constructor(parts: SimNetworkParts) {
    this.#parts = parts;
  }

  async api(
    request: HttpRequest,
    fault: NetworkFault | undefined,
    progress: { sent: boolean; status: number | undefined },
  ): Promise<HttpAnswer | HttpFailure> {
    const { url, method, headers, body = "" } = request;
    const deliver = async (): Promise<WireAnswer> => {
      const served = await this.#parts.api.answer({
        method,
        path: url.pathname,
        query: url.search.replace(/^\?/, ""),
        contentType: headers["content-type"],
        authorization: headers["authorization"],
        body,
      });
      if (served.answer.kind !== "reply") return never();
      const { reply } = served.answer;
      return { status: reply.status, headers: { ...served.headers, ...reply.headers }, body: reply.body };
    };
    const broken = (status: number | undefined): HttpFailure => {
      progress.status = status;
      const where = status === undefined ? "before an answer came" : "within the answer";
      const error = new EsimdError(
        "api_unreachable",
        `${method} ${url.origin}${url.pathname}: the connection broke ${where}`,
      );
      return { kind: "failure", error, sent: true, status };
    };
    if (fault?.do === "refused") {
      await this.#travel();
      const error = new EsimdError("api_unreachable", `${url.host}: no connection: ECONNREFUSED`);
      return { kind: "failure", error, sent: false, status: undefined };
    }
    progress.sent = true;
    const met = await this.#meet(deliver, fault);
    if (met === "cut") return broken(undefined);
    if (met === "cut-in-body") return broken(200);
    progress.status = met.status;
    return { kind: "answer", status: met.status, header: (name) => met.headers[name], body: met.body };
  }

  async es9Plus(
    url: string,
    json: string,
    fault: NetworkFault | undefined,
    connectFailure: (message: string) => Error,
  ): Promise<Es9Answer> {
    const { pathname } = new URL(url);
    const deliver = async (): Promise<WireAnswer> => {
      const answer = await this.#parts.smdp.answer({
        method: "POST",
        path: pathname,
        headers: { "content-type": "application/json", "x-admin-protocol": "gsma/rsp/v2.2.0" },
        body: json,
        isTls: true,
      });
      if (answer.kind === "cut") throw new Error("the connection broke");
      return { status: answer.status, headers: {}, body: answer.body };
    };
    if (fault?.do === "refused") {
      await this.#travel();
      throw connectFailure("connect ECONNREFUSED");
    }
    const met = await this.#meet(deliver, fault);
    if (met === "cut" || met === "cut-in-body") throw new Error("the connection broke");
    return { httpStatus: met.status, body: met.body };
  }

  /** There and back. A request that has left arrives, whatever becomes of the one who sent it. */
  async #meet(
    deliver: () => Promise<WireAnswer>,
    fault: NetworkFault | undefined,
  ): Promise<WireAnswer | "cut" | "cut-in-body"> {
    const { clock } = this.#parts;
    await this.#travel();
    if (fault === undefined || fault.do === "refused") {
      const answer = await deliver();
      await this.#travel();
      return answer;
    }
    if ("effect" in fault && fault.effect) await deliver();
    switch (fault.do) {
      case "cut":
      case "cut-in-body":
        return fault.do;
      case "silence":
        return never();
      case "late-effect":
        clock.setTimer(fault.ms, () => void deliver());
        return "cut";
      case "slow": {
        await sleep(clock, fault.ms);
        return deliver();
      }
      case "status": {
        const headers: Record<string, string> =
          fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
        const body = fault.html
          ? `<html><body><h1>${fault.status}</h1></body></html>`
          : JSON.stringify({ code: 20_000 + fault.status, message: "emulated failure", status: fault.status });
        return {
          status: fault.status,
          headers: { ...headers, "content-type": fault.html ? "text/html" : "application/json" },
          body,
        };
      }
      case "html":
        return {
          status: 200,
          headers: { "content-type": "text/html" },
          body: "<html><body>Welcome to the hotel</body></html>",
        };
      case "wrong-json":
        return { status: 200, headers: { "content-type": "application/json" }, body: '{"sid": "HP' };
      case "empty":
        return { status: 200, headers: {}, body: "" };
      case "redirect":
        return { status: 302, headers: { location: "https://elsewhere.example/" }, body: "" };
      case "failed": {
        const statusCodeData = {
          subjectCode: fault.subjectCode,
          reasonCode: fault.reasonCode,
          message: "emulated failure",
        };
        return {
          status: 200,
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ header: { functionExecutionStatus: { status: "Failed", statusCodeData } } }),
        };
      }
    }
  }

  #travel(): Promise<void> {
    return sleep(this.#parts.clock, oneWayMs);
  }
}
