import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { networkStageOf } from "../../src/base/network-failure.js";

const failed = (code: string, cause?: unknown): Error => Object.assign(new Error(code, { cause }), { code });

describe("how far a connection came", () => {
  it.each([
    ["a name that DNS does not know", failed("ENOTFOUND"), "dns"],
    ["a DNS server that does not answer", failed("EAI_AGAIN"), "dns"],
    ["a port where nothing listens", failed("ECONNREFUSED"), "connect"],
    ["no route", failed("ENETUNREACH"), "connect"],
    ["undici's own deadline", failed("UND_ERR_CONNECT_TIMEOUT"), "connect"],
    ["an unknown issuer", failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "tls"],
    ["a certificate that is not valid yet", failed("CERT_NOT_YET_VALID"), "tls"],
    ["another host's certificate", failed("ERR_TLS_CERT_ALTNAME_INVALID"), "tls"],
    ["no TLS at the other end", failed("EPROTO"), "tls"],
    ["a code of OpenSSL's", failed("ERR_SSL_WRONG_VERSION_NUMBER"), "tls"],
    ["a cause within", new EsimdError("api_unreachable", "no connection", { cause: failed("ENOTFOUND") }), "dns"],
    [
      "a name with two addresses",
      new AggregateError([failed("ECONNREFUSED"), failed("ECONNREFUSED")], "both failed"),
      "connect",
    ],
    ["a connection that broke later", failed("ECONNRESET"), undefined],
    ["no error", "text", undefined],
  ])("%s", (_name, error, stage) => {
    expect(networkStageOf(error)).toBe(stage);
  });
});
