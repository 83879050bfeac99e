/** The modem's LPA at work, and under some scenarios what it then says or forgets. */

import { EsimdError } from "../../../base/errors.js";
import type { MatchingId, SmdpAddress } from "../../../base/identifiers.js";
import type { World } from "../scenario.js";
import type { Es9Post } from "./own-network.js";

export interface DownloadRequest {
  readonly smdpAddress: SmdpAddress;
  readonly matchingId: MatchingId | undefined;
  readonly confirmationCode?: string | undefined;
  readonly post: Es9Post;
}

/** Who failed: the eUICC in one of its three steps, the network, the SM-DP+ by its own word, an answer that is none, or the LPA. */
export type DownloadStage =
  | "authenticateServer"
  | "prepareDownload"
  | "install"
  | "network"
  | "smdp"
  | "answer"
  | "lpa";

/** What the modem makes of a download; `reason` is SGP.22's name of the eUICC's result, or the error's code for the network. */
export type DownloadOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly stage: DownloadStage; readonly reason: string };

/** Never rejects, but for a defect. */
export type OwnLpa = (request: DownloadRequest) => Promise<DownloadOutcome>;

export class DownloadRunner {
  readonly #lpa: OwnLpa;
  readonly #world: () => World;
  #untruthful = 0;

  constructor(lpa: OwnLpa, world: () => World) {
    this.#lpa = lpa;
    this.#world = world;
  }

  async run(request: DownloadRequest): Promise<DownloadOutcome> {
    switch (this.#nextFate()) {
      case "truthful":
        return this.#lpa(request);
      case "fails-but-present": {
        const outcome = await this.#lpa(request);
        return outcome.ok ? { ok: false, stage: "install", reason: "undefinedError" } : outcome;
      }
      case "ok-but-absent":
        await this.#lpa({ ...request, post: losingThePackage(request.post) });
        return { ok: true };
    }
  }

  #nextFate(): World["download"] {
    const { download, downloadTimes } = this.#world();
    if (download === "truthful") return download;
    if (downloadTimes !== undefined && this.#untruthful >= downloadTimes) return "truthful";
    this.#untruthful++;
    return download;
  }
}

/** The package is fetched and lost on the way to the eUICC; the SM-DP+ hears nothing more of it. */
function losingThePackage(post: Es9Post): Es9Post {
  let isLost = false;
  return async (functionName, body) => {
    if (isLost) throw new EsimdError("cancelled", "the modem forgot the package that it had fetched");
    const response = await post(functionName, body);
    if (functionName !== "getBoundProfilePackage") return response;
    isLost = true;
    throw new EsimdError("cancelled", "the modem forgot the package that it had fetched");
  };
}
