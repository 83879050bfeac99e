import { describe, expect, it } from "vitest";
import { AtChannel } from "../../src/at/channel.js";
import { VirtualClock } from "../../src/base/clock.js";
import { parseSmdpAddress } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { seededRandom } from "../../src/base/random.js";
import type { DownloadSession } from "../../src/lpa/lpa.js";
import { createModemRelayLpa } from "../../src/lpa/modem-relay.js";
import { hasOwnLpa } from "../../src/modem/dialects/dialect.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import { MemoryPort } from "../support/memory-port.js";

const dialect = ownCatalogue.find("quectel-iccid");

/** One download by a modem that answers its start with `lines`; what reached the SM-DP+, and how it ended. */
async function relayed(...lines: readonly string[]): Promise<{ posts: string[]; end: DownloadSession; ms: number }> {
  if (!hasOwnLpa(dialect)) throw new Error("the dialect has no LPA");
  const { download } = dialect.ownLpa;
  if (download.kind !== "host-relay") throw new Error("the dialect does not relay");
  const clock = new VirtualClock();
  const port = new MemoryPort();
  port.answer((text) => port.sayLines(...(text.includes('"download"') ? lines : []), "OK"));
  const posts: string[] = [];
  const lpa = createModemRelayLpa({
    line: { channel: new AtChannel(port, clock, silentLog), clock, random: seededRandom(1) },
    dialect,
    download,
    log: silentLog,
    es9Plus: {
      post: async (smdp, name) => {
        posts.push(`${smdp} ${name}`);
        return { httpStatus: 200, body: "{}", failure: undefined };
      },
      close: () => Promise.resolve(),
    },
  });
  const session = lpa.download(
    {
      activationCode: {
        smdpAddress: parseSmdpAddress("smdp.example", "the test"),
        matchingId: undefined,
        smdpOid: undefined,
        confirmationCodeRequired: false,
      },
      confirmationCode: undefined,
      expectedIccid: undefined,
      timeoutMs: 600_000,
      onOffer: () => Promise.resolve(),
      onProgress: () => undefined,
    },
    new AbortController().signal,
  );
  const end = await clock.runUntil(session);
  return { posts, end, ms: clock.monotonicMs() };
}

describe("a modem that asks the host to post", () => {
  it.each([
    ["to another host", "https://evil.example/gsma/rsp2/es9plus/authenticateClient"],
    ["to another host without a scheme", "//evil.example/gsma/rsp2/es9plus/authenticateClient"],
    ["to another path", "admin/deleteEverything"],
    ["to a path that climbs out", "gsma/rsp2/es9plus/../../admin"],
    ["to a function that ES9+ does not have", "gsma/rsp2/es9plus/authenticateClientX"],
    ["to a path with a query", "gsma/rsp2/es9plus/authenticateClient?to=evil"],
  ])("%s is not obeyed, and nothing is posted anywhere", async (_name, path) => {
    const { posts, end } = await relayed(`+QESIM: "trans",0,"${path}",2,"{}"`);
    expect(posts).toEqual([]);
    expect(end).toMatchObject({ reported: "unknown", error: { code: "modem_protocol" } });
  });

  it("an ES9+ function is obeyed, at the SM-DP+ of the activation code whatever the JSON names", async () => {
    const json = '{"smdpAddress":"evil.example"}';
    const { posts } = await relayed(
      `+QESIM: "trans",0,"gsma/rsp2/es9plus/initiateAuthentication",${json.length},"${json}"`,
      '+QESIM:"download",1',
    );
    expect(posts).toEqual(["smdp.example initiateAuthentication"]);
  });

  it.each<[string, string, RegExp]>([
    ['"1"', "download_failed", /ended with 1 /],
    ["8500090a", "euicc_full", /8500090a \(install: not enough memory\)/],
    ["0x8500090C", "install_failed", /8500090C \(install: profile element processing error\)/],
    ["0x85000016", "smdp_error", /85000016 \(the SM-DP\+ returned an error\)/],
    ["8500000F", "smdp_unreachable", /HTTPS error/],
    ["2231370262", "download_failed", /not documented/],
  ])("and then ends with %s has failed at once, and it is said why", async (code, error, message) => {
    const { end, ms } = await relayed(`+QESIM: "download",${code}`);
    expect(end).toMatchObject({ reported: "failed", error: { code: error, message: expect.stringMatching(message) } });
    expect(ms).toBe(0);
  });

  it("without end is stopped after 20 rounds", async () => {
    const lines = Array.from({ length: 50 }, (_unused, n) => {
      const json = `{"n":${n}}`;
      return `+QESIM: "trans",0,"gsma/rsp2/es9plus/initiateAuthentication",${json.length},"${json}"`;
    });
    const { posts, end } = await relayed(...lines);
    expect(posts).toHaveLength(20);
    expect(end.error?.code).toBe("modem_protocol");
  });

  it("and then says nothing more is given up, and the list is left to judge", async () => {
    const { end, ms } = await relayed();
    expect(end).toMatchObject({ reported: "unknown", error: { code: "modem_silent" } });
    expect(ms).toBe(240_000);
  });
});
