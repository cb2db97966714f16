//===- SealedBytecodeTest.cpp - Bytecode that tells damage ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/SealedBytecode.h"

#include "gtest/gtest.h"

using namespace inlay;

static std::string makeSealed() {
  std::string bytes = std::string("ML\xEFR\x0d") +
                      sealableProducer("inlayc 1.2") + '\0' +
                      "what a module is";
  sealBytecode(bytes);
  return bytes;
}

TEST(SealedBytecodeTest, IsWholeAsItWasWritten) {
  EXPECT_EQ(checkSeal(makeSealed()), Seal::Whole);
}

/// But for magic and tag, without which it is the file of somebody else.
TEST(SealedBytecodeTest, EachOtherBitCounts) {
  const std::string sealed = makeSealed();
  size_t tag = sealed.find(" sha256:");
  for (size_t at = 4; at < sealed.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = sealed;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      bool isTag = at >= tag && at < tag + 8;
      EXPECT_EQ(checkSeal(damaged), isTag ? Seal::None : Seal::Broken)
          << at << " " << bit;
    }
}

TEST(SealedBytecodeTest, EachLengthCounts) {
  const std::string sealed = makeSealed();
  size_t digits = sealed.find(" sha256:") + 8;
  for (size_t size = 0; size < sealed.size(); ++size)
    EXPECT_EQ(checkSeal(sealed.substr(0, size)),
              size < digits ? Seal::None : Seal::Broken)
        << size;
  EXPECT_EQ(checkSeal(sealed + "x"), Seal::Broken);
}

TEST(SealedBytecodeTest, OthersHaveNoSeal) {
  for (std::string bytes : {std::string("module {}"), std::string("ML\xEFR"),
                            std::string("ML\xEFR\x0dMLIR22\0 and more", 20)}) {
    EXPECT_EQ(checkSeal(bytes), Seal::None);
    std::string same = bytes;
    sealBytecode(same);
    EXPECT_EQ(same, bytes);
  }
}
