import assert from "node:assert/strict";
import { test } from "node:test";
import { byDate, includesDate, tagDate } from "./tag-date.ts";

test("dates are read in the forms that pipelines write, and nothing else is one", () => {
  const dates: Readonly<Record<string, readonly number[]>> = {
    "20240115": [2024, 1, 15], v20240115: [2024, 1, 15], "2024-01-15": [2024, 1, 15], "2024_01_15": [2024, 1, 15], "2024-01": [2024, 1], "20240229": [2024, 2, 29],
    "20240115123000": [2024, 1, 15, 123000000], "202401151230": [2024, 1, 15, 123000000], "2024011512": [2024, 1, 15, 120000000], "20240115123000250": [2024, 1, 15, 123000250], "20240115-1230": [2024, 1, 15, 1230], "2024-01-15T1230Z": [2024, 1, 15, 1230], "2024-01-15-12-30": [2024, 1, 15, 12, 30],
    "20240115.2": [2024, 1, 15, 2], "20240115-alpine": [2024, 1, 15], "20240115-1a2b3c4": [2024, 1, 15], "20240115-1234567": [2024, 1, 15], "20240115.2-alpine": [2024, 1, 15, 2],
  };
  for (const [tag, wanted] of Object.entries(dates)) assert.deepEqual(tagDate(tag), wanted, tag);
  for (const tag of ["latest", "1.0.0", "2024.10", "2024.01.15", "202410", "20241301", "20230229", "2024-13", "20241127.1.0", "20240115abc", "202401151", "19990101", "1704067200", "nightly-20240115", "2024", "2024-rc1", "20240115a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4"]) assert.equal(tagDate(tag), undefined, tag);
});

test("dates are in their order, and longer times include shorter ones", () => {
  const sorted = ["2023-12-31", "2024-01", "20240101", "20240101.1", "20240101.2", "20240101.10", "2024-01-02", "2024-10"];
  assert.deepEqual(sorted.toReversed().sort((a, b) => byDate(tagDate(a)!, tagDate(b)!)), sorted);
  assert.deepEqual([["2024-01", "20240101"], ["20240101", "20240101.2"], ["20240101", "20240101"], ["20240101.2", "20240101"], ["2024-01", "20240201"]].map(([a, b]) => includesDate(tagDate(a!)!, tagDate(b!)!)), [true, true, false, false, false]);
});
