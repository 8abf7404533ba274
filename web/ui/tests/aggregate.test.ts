import { describe, expect, test } from "vitest";
import { aggregate, barScale, sum } from "../src/report/aggregate";

describe("a metric", () => {
  const values = [4, null, 1, 7];
  test.each([
    ["first", 4],
    ["last", 7],
    ["sum", 12],
    ["mean", 4],
    ["min", 1],
    ["max", 7],
    ["count", 3],
  ] as const)("takes the %s of the values that are there", (agg, expected) => {
    expect(aggregate(values, agg)).toBe(expected);
  });

  test("of nothing is nothing, and a count is zero", () => {
    expect(aggregate([], "mean")).toBeNull();
    expect(aggregate([null], "first")).toBeNull();
    expect(aggregate([null, null], "sum")).toBeNull();
    expect(aggregate([], "count")).toBe(0);
  });

  test("may be text when it is one row's", () => {
    expect(aggregate(["EWR", "JFK"], "first")).toBe("EWR");
  });
});

test("a sum of many decimals ends in the digits one expects", () => {
  expect(sum(Array.from({ length: 1000 }, () => 0.1))).toBe(100);
  expect(sum([1e16, 1, -1e16])).toBe(1);
});

describe("a bar", () => {
  test("of positive values starts at the left", () => {
    expect(barScale([5, 10])(5)).toEqual({ start: 0, width: 50, negative: false });
  });

  test("of a negative value ends where the positive ones start", () => {
    const bar = barScale([-5, 15]);
    expect(bar(-5)).toEqual({ start: 0, width: 25, negative: true });
    expect(bar(15)).toEqual({ start: 25, width: 75, negative: false });
  });

  test("is not drawn without a value or without a scale", () => {
    expect(barScale([1])(null)).toBeNull();
    expect(barScale([0, 0])(0)).toBeNull();
  });

  test("has a scale over more values than a call has room for arguments", () => {
    expect(barScale(Array.from({ length: 300_000 }, (_, index) => index))(299_999)?.width).toBe(100);
  });
});
