import { describe, expect, test } from "vitest";
import { cellFormatter, isDateFormat, metricText, wallClock } from "../src/format/values";

describe("a cell", () => {
  test.each([
    ["number", ".1f", 3.14, "3.1"],
    ["integer", ",.0f", 1234567, "1,234,567"],
    ["number", ".1%", 0.1234, "12.3%"],
    ["number", "+.2f", -2, "−2.00"],
    ["number", "$,.2f", 1234.5, "$1,234.50"],
    ["integer", null, 58776, "58,776"],
    ["number", null, 2.5, "2.5"],
    ["number", null, 0.012345, "0.0123"],
    ["date", "%b %Y", "2013-01-01", "Jan 2013"],
    ["date", null, "2013-01-01", "2013-01-01"],
    ["boolean", null, true, "yes"],
    ["text", ".1f", "as it is", "as it is"],
    ["json", null, { a: 1 }, '{"a":1}'],
  ] as const)("of type %s with format %s shows %s as %s", (type, format, value, shown) => {
    expect(cellFormatter(type, format)(value)).toBe(shown);
  });

  test("shows a timestamp as it is written, wherever the browser is", () => {
    expect(process.env.TZ).toBe("America/New_York");
    expect(cellFormatter("timestamp", null)("2013-01-01T00:00:00Z")).toBe("2013-01-01 00:00");
    expect(cellFormatter("timestamp", "%B %Y")("2013-01-01T00:00:00+01:00")).toBe("January 2013");
  });

  test("shows a dash where there is no value", () => {
    expect(["number", "text", "date", "boolean"].map((type) => cellFormatter(type as "text", null)(null))).toEqual([
      "–",
      "–",
      "–",
      "–",
    ]);
  });

  test("with a format that is none falls back to the type's own", () => {
    expect(cellFormatter("number", "nonsense")(2.5)).toBe("2.5");
  });
});

test("a percentage is a number format, a pattern is a date format", () => {
  expect([".1%", ",.0%", "%", "+.2f", "%b %Y", "%Y-%m-%d", "%-d"].map(isDateFormat)).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

test("a metric shows numbers, dates, text and nothing", () => {
  expect(metricText(12.345, ".1f")).toBe("12.3");
  expect(metricText("2013-07-01", "%B")).toBe("July");
  expect(metricText("EWR", null)).toBe("EWR");
  expect(metricText(null, ".1f")).toBe("–");
});

test("a wall clock keeps fractions of a second and refuses what is no date", () => {
  expect(wallClock("2013-02-03T04:05:06.123456-08:00")?.toISOString()).toBe("2013-02-03T04:05:06.123Z");
  expect(wallClock("soon")).toBeNull();
});
