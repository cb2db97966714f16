//===- CoreBytes.cpp - What a core of a plan holds ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/CoreBytes.h"

#include "StoredBits.h"

#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include "fmt/format.h"

using namespace inlay;
using namespace inlay::plan;

//===----------------------------------------------------------------------===//
// Cores
//===----------------------------------------------------------------------===//

/// Coordinates that a rectangle has as `x` + `width` need not fit 64 bits.
static bool contains(const Rectangle &rect, int64_t x, int64_t y) {
  auto isIn = [](int64_t at, int64_t begin, int64_t size) {
    int64_t distance;
    return at >= begin && !llvm::SubOverflow(at, begin, distance) &&
           distance < size;
  };
  return isIn(x, rect.x, rect.width) && isIn(y, rect.y, rect.height);
}

std::optional<int64_t> CorePlace::numberOn(const std::string &axis) const {
  if (axis == "none")
    return 0;
  if (axis == "x")
    return column;
  if (axis == "y")
    return row;
  if (axis == "group")
    return group ? group->index : 0;
  return std::nullopt;
}

CorePlace inlay::plan::findCore(const Kernel &kernel, int64_t x, int64_t y) {
  CorePlace core;
  if (!contains(kernel.rectangle, x, y))
    return core;
  core.kernel = &kernel;
  const Rectangle *within = &kernel.rectangle;
  for (const ExpertGroup &group : kernel.groups)
    if (contains(group.rectangle, x, y)) {
      core.group = &group;
      within = &group.rectangle;
      break;
    }
  core.column = x - within->x;
  core.row = y - within->y;
  for (const CoreClass &coreClass : kernel.classes)
    for (const Rectangle &rect : coreClass.rectangles)
      if (contains(rect, x, y)) {
        core.coreClass = &coreClass;
        return core;
      }
  return core;
}

const Region *inlay::plan::findRegion(const Plan &plan, int64_t wafer,
                                      int64_t x, int64_t y) {
  auto found = llvm::find_if(plan.regions, [&](const Region &region) {
    return region.wafer == wafer && contains(region.rectangle, x, y);
  });
  return found == plan.regions.end() ? nullptr : &*found;
}

//===----------------------------------------------------------------------===//
// Shards
//===----------------------------------------------------------------------===//

static std::string subjectOf(const Weight &weight) {
  return fmt::format("weight '{}'", weight.name);
}

/// Indices that the core with this number has of a dim of a weight.
static IndexRange rangeOf(const Cut &cut, int64_t number) {
  // Beyond the end is the end, also where the product leaves 64 bits.
  int64_t begin, end;
  if (llvm::MulOverflow(number, cut.shard, begin) || begin >= cut.points)
    return {cut.size, cut.size};
  if (llvm::AddOverflow(begin, cut.shard, end))
    end = cut.points;
  end = std::min(end, cut.points);
  int64_t first = begin / cut.inner, behind = ceilDiv(end, cut.inner);
  int64_t pitch = std::max<int64_t>(1, cut.pitch);
  if (behind - first >= pitch)
    return {0, cut.size};
  int64_t length = behind - first;
  first %= pitch;
  return {std::min(cut.size, first), std::min(cut.size, first + length)};
}

std::optional<llvm::SmallVector<IndexRange>>
inlay::plan::shardBox(const Weight &weight, const CorePlace &core,
                      Diagnostics &diags) {
  auto fail = [&](std::string message) {
    diags.inputError(subjectOf(weight), std::move(message));
    return std::nullopt;
  };
  if (weight.cuts.size() != weight.shape.size())
    return fail(fmt::format("has {} cuts for {} dims", weight.cuts.size(),
                            weight.shape.size()));
  // A core of a kernel with groups that is in none of them holds nothing.
  bool isOutside = core.kernel && !core.kernel->groups.empty() && !core.group;
  llvm::SmallVector<IndexRange> box;
  for (auto [cut, size] : llvm::zip_equal(weight.cuts, weight.shape)) {
    std::optional<int64_t> number = core.numberOn(cut.axis);
    if (!number)
      return fail(fmt::format("is cut on '{}', which is no axis", cut.axis));
    if (cut.size != size || size < 0 || cut.shard < 0 || *number < 0 ||
        cut.points < 0 || cut.inner < 1 || cut.pitch < size)
      return fail(fmt::format("has a cut of dim '{}' that does not go with its "
                              "shape",
                              cut.dim));
    if (cut.axis == "group" && core.group) {
      for (int64_t expert : core.group->experts)
        if (expert < 0 || expert >= size)
          return fail(fmt::format("has {} of dim '{}', but expert group {} "
                                  "lists {}",
                                  size, cut.dim, core.group->index, expert));
      box.push_back({0, static_cast<int64_t>(core.group->experts.size())});
      continue;
    }
    box.push_back(rangeOf(cut, *number));
    if (isOutside)
      box.back().end = box.back().begin;
  }
  return box;
}

/// Elements of a box; none where they do not fit 64 bits.
static std::optional<int64_t> countOf(llvm::ArrayRef<IndexRange> box) {
  int64_t count = 1;
  for (const IndexRange &range : box)
    if (range.begin == range.end)
      return 0;
  for (const IndexRange &range : box)
    if (llvm::MulOverflow(count, range.end - range.begin, count))
      return std::nullopt;
  return count;
}

std::optional<int64_t> inlay::plan::boxBytes(const Weight &weight,
                                             llvm::ArrayRef<IndexRange> box,
                                             Diagnostics &diags) {
  std::optional<int64_t> count = countOf(box);
  int64_t bits;
  if (!count || weight.bits < 1 ||
      llvm::MulOverflow(*count, weight.bits, bits)) {
    diags.inputError(subjectOf(weight),
                     "has a shard whose bits do not fit a number of 64 bits");
    return std::nullopt;
  }
  return ceilDiv(bits, 8);
}

namespace {

/// Walks the rows of a box in the weight's order.
class RowWalk {
public:
  RowWalk(const Weight &weight, const CorePlace &core,
          llvm::ArrayRef<IndexRange> box)
      : weight(weight), core(core), box(box) {
    for (const IndexRange &range : box.drop_back(!box.empty()))
      index.push_back(range.begin);
  }

  /// The experts that the places of a dim stand for; null: they are indices.
  const std::vector<int64_t> *expertsOf(size_t d) const {
    return core.group && d < weight.cuts.size() &&
                   weight.cuts[d].axis == "group"
               ? &core.group->experts
               : nullptr;
  }

  /// The number of the row; none where it does not fit 64 bits.
  std::optional<int64_t> row() const {
    int64_t row = 0;
    for (size_t d = 0; d < index.size(); ++d) {
      const std::vector<int64_t> *experts = expertsOf(d);
      int64_t at = experts ? (*experts)[size_t(index[d])] : index[d];
      if (llvm::MulOverflow(row, weight.shape[d], row) ||
          llvm::AddOverflow(row, at, row))
        return std::nullopt;
    }
    return row;
  }
  bool next() {
    for (size_t d = index.size(); d-- > 0;) {
      if (++index[d] < box[d].end)
        return true;
      index[d] = box[d].begin;
    }
    return false;
  }

private:
  const Weight &weight;
  const CorePlace &core;
  llvm::ArrayRef<IndexRange> box;
  llvm::SmallVector<int64_t> index; ///< of all dims but the last
};

} // namespace

/// First bit of the box's row in the stored elements.
static std::optional<int64_t> firstBit(const Weight &weight, int64_t row,
                                       int64_t column) {
  int64_t pitch = weight.rowPitchBits;
  int64_t size = weight.shape.empty() ? 1 : weight.shape.back();
  if (pitch == 0 && llvm::MulOverflow(size, weight.bits, pitch))
    return std::nullopt;
  int64_t start, within, bit;
  if (llvm::MulOverflow(row, pitch, start) ||
      llvm::MulOverflow(column, weight.bits, within) ||
      llvm::AddOverflow(start, within, bit) || bit < 0)
    return std::nullopt;
  return bit;
}

/// Copies the rows of a box, one behind the other, into `buffer`, which has
/// room for them. A row of experts, which need not follow each other in the
/// file, is copied one by one.
static bool copyRows(const Weight &weight, const CorePlace &core,
                     llvm::ArrayRef<IndexRange> box, StoredBits &stored,
                     char *buffer, Diagnostics &diags) {
  IndexRange last = box.empty() ? IndexRange{0, 1} : box.back();
  uint64_t filled = 0;
  RowWalk walk(weight, core, box);
  const std::vector<int64_t> *experts =
      box.empty() ? nullptr : walk.expertsOf(box.size() - 1);
  int64_t runs = experts ? last.end : 1;
  int64_t runBits = (experts ? 1 : last.end - last.begin) * weight.bits;
  do {
    std::optional<int64_t> row = walk.row();
    for (int64_t run = 0; run < runs; ++run) {
      int64_t column = experts ? (*experts)[size_t(run)] : last.begin;
      std::optional<int64_t> bit =
          row ? firstBit(weight, *row, column) : std::nullopt;
      if (!bit) {
        diags.inputError(subjectOf(weight),
                         "has elements whose place does not fit 64 bits");
        return false;
      }
      if (!stored.read(*bit, runBits, buffer, filled))
        return false;
      filled += runBits;
    }
  } while (walk.next());
  return true;
}

std::optional<int64_t>
inlay::plan::readShard(const Weight &weight, const CorePlace &core,
                       const std::string &folder,
                       llvm::MutableArrayRef<char> buffer, Diagnostics &diags) {
  auto box = shardBox(weight, core, diags);
  std::optional<int64_t> bytes =
      box ? boxBytes(weight, *box, diags) : std::nullopt;
  if (!bytes)
    return std::nullopt;
  if (static_cast<uint64_t>(*bytes) > buffer.size()) {
    diags.inputError(subjectOf(weight),
                     fmt::format("the core's shard has {} bytes, but there is "
                                 "room for {}",
                                 *bytes, buffer.size()));
    return std::nullopt;
  }
  if (*bytes == 0)
    return 0;
  buffer[*bytes - 1] = 0; // The bits behind the last element.
  StoredBits stored(weight, folder, diags);
  if (!copyRows(weight, core, *box, stored, buffer.data(), diags))
    return std::nullopt;
  return bytes;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

static const Weight *findWeight(const Kernel &kernel, const std::string &name) {
  auto found = llvm::find_if(kernel.weights, [&](const Weight &weight) {
    return weight.name == name;
  });
  return found == kernel.weights.end() ? nullptr : &*found;
}

static bool readBuffer(const Buffer &buffer, const CorePlace &core,
                       const std::string &folder,
                       llvm::MutableArrayRef<char> image, Diagnostics &diags) {
  std::string subject = fmt::format("buffer '{}'", buffer.name);
  const Weight *weight = findWeight(*core.kernel, buffer.name);
  if (!weight) {
    diags.inputError(subject, fmt::format("is for no weight of kernel '{}'",
                                          core.kernel->name));
    return false;
  }
  if (buffer.offset < 0 || buffer.bytes < 0 ||
      static_cast<uint64_t>(buffer.offset) > image.size() ||
      static_cast<uint64_t>(buffer.bytes) > image.size() - buffer.offset) {
    diags.inputError(subject,
                     fmt::format("{} bytes at {} are not within the {} of the "
                                 "core",
                                 buffer.bytes, buffer.offset, image.size()));
    return false;
  }
  return readShard(*weight, core, folder,
                   image.slice(buffer.offset, buffer.bytes), diags)
      .has_value();
}

bool inlay::plan::readImage(const Plan &plan, const Region &region, int64_t x,
                            int64_t y, const std::string &folder,
                            llvm::MutableArrayRef<char> image,
                            Diagnostics &diags) {
  int64_t bytes = region.bytesPerCore;
  if (bytes < 0 || static_cast<uint64_t>(bytes) != image.size()) {
    diags.inputError(fmt::format("region '{}'", region.name),
                     fmt::format("the core's image has {} bytes, but there is "
                                 "room for {}",
                                 bytes, image.size()));
    return false;
  }
  llvm::fill(image, 0);
  for (const Kernel &kernel : plan.kernels) {
    if (kernel.region != region.name)
      continue;
    CorePlace core = findCore(kernel, x, y);
    if (!core.coreClass)
      continue;
    for (const Buffer &buffer : core.coreClass->memory)
      if (buffer.role == "weights" &&
          !readBuffer(buffer, core, folder, image, diags))
        return false;
  }
  return true;
}
