//===- NameTable.cpp - The values of a graph by name ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NameTable.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>

using namespace inlay::onnx::file;
using llvm::StringRef;

static uint32_t hashOf(StringRef name) {
  return static_cast<uint32_t>(llvm::xxh3_64bits(name));
}

void NameTable::reserve(size_t numNames) {
  names.reserve(numNames);
  size_t wanted = llvm::PowerOf2Ceil(2 * numNames + 2);
  if (wanted > entries.size())
    grow(wanted);
}

void NameTable::grow(size_t numEntries) {
  std::vector<Entry> old(numEntries);
  old.swap(entries);
  for (const Entry &entry : old) {
    if (entry.number == 0)
      continue;
    size_t at = entry.hash & (numEntries - 1);
    while (entries[at].number != 0)
      at = (at + 1) & (numEntries - 1);
    entries[at] = entry;
  }
}

/// The entry of `name`, or the empty one that it would have.
NameTable::Entry &NameTable::lookup(StringRef name, uint32_t hash) {
  size_t mask = entries.size() - 1;
  size_t at = hash & mask;
  while (entries[at].number != 0 &&
         (entries[at].hash != hash || names[entries[at].number - 1] != name))
    at = (at + 1) & mask;
  return entries[at];
}

void NameTable::prefetch(StringRef name) const {
  if (!entries.empty())
    __builtin_prefetch(&entries[hashOf(name) & (entries.size() - 1)],
                       /*rw=*/1);
}

bool NameTable::add(StringRef name) {
  if (2 * (names.size() + 1) > entries.size())
    reserve(2 * names.size() + 8);
  uint32_t hash = hashOf(name);
  Entry &entry = lookup(name, hash);
  if (entry.number != 0)
    return false;
  names.push_back(name);
  entry = {hash, static_cast<uint32_t>(names.size())};
  return true;
}

std::optional<uint32_t> NameTable::find(StringRef name, uint32_t next) {
  for (uint32_t *guess : {&nextWeight, &nextResult})
    if (*guess < names.size() && names[*guess] == name)
      return (*guess)++;
  for (uint32_t back = 1; back <= std::min(next, kNear); ++back)
    if (names[next - back] == name)
      return next - back;
  if (entries.empty())
    return std::nullopt;
  uint32_t number = lookup(name, hashOf(name)).number;
  if (number == 0)
    return std::nullopt;
  (number <= firstResult ? nextWeight : nextResult) = number;
  return number - 1;
}
