import { describe, expect, it } from "vitest";
import { parseHttpResponse } from "../../../src/emulator/modem/dialects/http-text.js";

const parse = (text: string) => parseHttpResponse(Buffer.from(text, "utf8"));

describe("the HTTP text that a host relays", () => {
  it.each([
    ["a whole response", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}", 200, "{}"],
    ["no reason phrase", "HTTP/1.1 200\r\nA: b\r\n\r\n{}", 200, "{}"],
    ["an empty reason phrase", "HTTP/1.1 200 \r\nA: b\r\n\r\n{}", 200, "{}"],
    ["no headers", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
    ["the right length, in bytes", 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"äö"', 200, '"äö"'],
    ["a server's error", "HTTP/1.1 500 Internal Server Error\r\n\r\n<html>", 500, "<html>"],
  ])("is taken: %s", (_what, text, status, body) => {
    expect(parse(text)).toEqual({ ok: true, response: { status, body } });
  });

  it.each([
    ["has no blank line", "HTTP/1.1 200 OK\r\nA: b\r\n{}"],
    ["has bare line feeds", "HTTP/1.1 200 OK\nA: b\n\n{}"],
    ["begins with the body", '{"a":1}\r\n\r\n'],
    ["is of HTTP/2", "HTTP/2 200\r\n\r\n"],
    ["has a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["has a header without a colon", "HTTP/1.1 200 OK\r\nabc\r\n\r\n"],
    ["has a header with a space in its name", "HTTP/1.1 200 OK\r\na b: c\r\n\r\n"],
    ["is shorter than its Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"],
    ["is longer than its Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}"],
    ["is chunked still", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    ["is compressed still", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n..."],
  ])("is refused when it %s", (_what, text) => {
    expect(parse(text).ok).toBe(false);
  });
});
