import { describe, expect, it } from "vitest";
import { LineReader, maxLineBytes } from "../../src/at/line-reader.js";
import { seededRandom } from "../../src/base/random.js";
import { settled } from "../support/memory-port.js";

function reader(): { read: LineReader; lines: string[]; overflows: () => number } {
  const lines: string[] = [];
  let overflows = 0;
  const read = new LineReader({
    line: (text) => lines.push(text),
    overflow: () => {
      overflows++;
    },
  });
  return { read, lines, overflows: () => overflows };
}

describe("bytes to lines", () => {
  it.each([
    ["framed by CR LF", "\r\nOK\r\n", ["OK"]],
    ["an echo that ends with CR only", "AT+CGMI\r\r\nQuectel\r\n\r\nOK\r\n", ["AT+CGMI", "Quectel", "OK"]],
    ["LF only", "+CSQ: 20,99\nOK\n", ["+CSQ: 20,99", "OK"]],
    ["CR only, as under ATV0", "0\r", ["0"]],
    ["NUL bytes at power-on", "\0\0\r\nRDY\r\n", ["RDY"]],
    ["the prompt, which no line end follows", "\r\n> ", [">"]],
    ["a prompt right behind an echo", 'AT+CMGS="1"\r\r\n> ', ['AT+CMGS="1"', ">"]],
    ["a greater-than sign that is no prompt", "\r\n>5\r\n", [">5"]],
  ])("%s", async (_name, text, expected) => {
    const { read, lines } = reader();
    read.push(Buffer.from(text, "latin1"));
    await settled();
    expect(lines).toEqual(expected);
  });

  it("does not care how the bytes are cut", async () => {
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    const text =
      'AT+QESIM="list"\r\r\n+QESIM: "list",0\r\n"8988307000000000001",1,"",2\r\n\r\nOK\r\n\r\n+CEREG: 1\r\n\r\n> ';
    for (let round = 0; round < 200; round++) {
      const { read, lines } = reader();
      for (let at = 0; at < text.length; ) {
        const length = 1 + Math.floor(random.next() * 5);
        read.push(Buffer.from(text.slice(at, at + length), "latin1"));
        at += length;
      }
      await settled();
      expect(lines, `seed ${seed}`).toEqual([
        'AT+QESIM="list"',
        '+QESIM: "list",0',
        '"8988307000000000001",1,"",2',
        "OK",
        "+CEREG: 1",
        ">",
      ]);
    }
  });

  it("drops a line without end, says so, and reads on", async () => {
    const { read, lines, overflows } = reader();
    for (let i = 0; i < 5; i++) read.push(Buffer.alloc(maxLineBytes, 0x41));
    read.push(Buffer.from("\r\nOK\r\n"));
    await settled();
    expect(lines).toEqual(["OK"]);
    expect(overflows()).toBe(1);
  });
});
