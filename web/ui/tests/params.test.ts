import { describe, expect, test } from "vitest";
import type { Param, ParamType, ParamValue } from "../src/api/types";
import { decodeParams, differsFromDefaults, encodeParams, numberOrText, paramSearch } from "../src/report/params";

function param(name: string, type: ParamType, value: ParamValue, more: Partial<Param> = {}): Param {
  const none = { of: null, options: null, minimum: null, maximum: null };
  return { name, type, label: name, value, default: value, ...none, ...more };
}

const PARAMS = [
  param("carrier", "choice", "UA", {
    options: [
      { value: "UA", label: "United" },
      { value: "AA", label: "American" },
    ],
  }),
  param("since", "date", "2013-01-01"),
  param("delay", "number", 15),
  param("origins", "list", ["EWR"], { of: "text" }),
  param("late", "boolean", false),
];

const DEFAULTS = { carrier: "UA", since: "2013-01-01", delay: 15, origins: ["EWR"], late: false };

describe("parameters in the address", () => {
  test("defaults leave no trace", () => {
    expect(encodeParams(PARAMS, DEFAULTS)).toBe("");
    expect(decodeParams(PARAMS, "")).toEqual(DEFAULTS);
  });

  test("what differs is written and read back with its type", () => {
    const values = { carrier: "AA", since: "2013-06-01", delay: 30.5, origins: ["JFK", "LGA"], late: true };
    const search = encodeParams(PARAMS, values);
    expect(search).toBe(
      "?param.carrier=AA&param.since=2013-06-01&param.delay=30.5&param.origins=JFK&param.origins=LGA&param.late=true",
    );
    expect(decodeParams(PARAMS, search)).toEqual(values);
  });

  test("an empty list and nothing are written as an empty string", () => {
    const search = encodeParams(PARAMS, { ...DEFAULTS, origins: [], since: null });
    expect(search).toBe("?param.since=&param.origins=");
    expect(decodeParams(PARAMS, search)).toEqual({ ...DEFAULTS, origins: [], since: null });
  });

  test("text with separators survives", () => {
    const params = [param("q", "text", "")];
    const values = { q: "a&b=c + ü/%" };
    expect(decodeParams(params, encodeParams(params, values))).toEqual(values);
  });

  test("a value of a numeric option is a number again", () => {
    const params = [
      param("year", "choice", 2012, {
        options: [
          { value: 2012, label: "2012" },
          { value: 2013, label: "2013" },
        ],
      }),
    ];
    expect(decodeParams(params, "?param.year=2013")).toEqual({ year: 2013 });
  });

  test("what is no number is kept as it was typed, for the server to judge", () => {
    expect(decodeParams(PARAMS, "?param.delay=many").delay).toBe("many");
    expect([numberOrText(" 2.5 "), numberOrText(""), numberOrText("1e999")]).toEqual([2.5, null, "1e999"]);
  });

  test("only parameters are sent on", () => {
    expect(paramSearch("?utm=x&param.a=1&param.a=2")).toBe("?param.a=1&param.a=2");
    expect(paramSearch("?utm=x")).toBe("");
  });

  test("an unset parameter counts as its default only if that is unset too", () => {
    expect(differsFromDefaults(PARAMS, DEFAULTS)).toBe(false);
    expect(differsFromDefaults(PARAMS, { ...DEFAULTS, since: null })).toBe(true);
  });
});
