//===- Layout.cpp - What the elements of a value stand for ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layout.h"

#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay::nn;
using namespace inlay::nn::moe;

static bool isDynamic(int64_t size) { return ShapedType::isDynamic(size); }

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

Layout Layout::rowMajor(ArrayRef<std::pair<Axis, int64_t>> sizes) {
  Layout layout;
  int64_t stride = 1;
  for (auto [axis, size] : llvm::reverse(sizes)) {
    layout.terms.push_back({axis, size, stride});
    stride = isDynamic(size) ? size : stride * size;
  }
  layout.normalise();
  return layout;
}

/// Whether `outer` goes on where `inner` ends.
static bool continues(const Term &outer, const Term &inner) {
  return outer.axis == inner.axis && !isDynamic(inner.size) &&
         outer.divisor == inner.divisor * inner.size &&
         outer.stride == inner.stride * inner.size;
}

void Layout::normalise() {
  llvm::erase_if(terms, [](const Term &term) { return term.size == 1; });
  // Most have one.
  if (terms.size() < 2)
    return;
  llvm::sort(terms, [](const Term &a, const Term &b) {
    return std::tuple(b.stride, a.axis, b.divisor) <
           std::tuple(a.stride, b.axis, a.divisor);
  });
  size_t last = 0;
  for (const Term &term : llvm::drop_begin(terms)) {
    Term &outer = terms[last];
    if (!continues(outer, term)) {
      terms[++last] = term;
      continue;
    }
    outer.divisor = term.divisor;
    outer.stride = term.stride;
    if (!isDynamic(outer.size))
      outer.size *= term.size;
  }
  terms.truncate(last + 1);
}

const Term *Layout::find(Axis axis) const {
  const auto *it = llvm::find_if(
      terms, [axis](const Term &term) { return term.axis == axis; });
  return it == terms.end() ? nullptr : it;
}

Layout Layout::only(Axis axis) const {
  Layout result;
  llvm::copy_if(terms, std::back_inserter(result.terms),
                [axis](const Term &term) { return term.axis == axis; });
  return result;
}

Layout Layout::without(Axis axis) const {
  Layout result = *this;
  llvm::erase_if(result.terms,
                 [axis](const Term &term) { return term.axis == axis; });
  result.normalise();
  return result;
}

Layout Layout::renamed(Axis axis, Axis name) const {
  Layout result = *this;
  for (Term &term : result.terms)
    if (term.axis == axis)
      term.axis = name;
  result.normalise();
  return result;
}

//===----------------------------------------------------------------------===//
// Dims
//===----------------------------------------------------------------------===//

/// Row-major strides; -1 where a size inside is not known.
static SmallVector<int64_t> stridesOf(Shape shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    if (strides[i] < 0 || isDynamic(shape[i]) ||
        llvm::MulOverflow(strides[i], std::max<int64_t>(shape[i], 1),
                          strides[i - 1]))
      strides[i - 1] = -1;
  return strides;
}

namespace {
/// Gives each term to the dims it runs over.
class Splitter {
public:
  explicit Splitter(Shape shape)
      : shape(shape), strides(stridesOf(shape)), dims(shape.size()) {}

  std::optional<SmallVector<Layout>> run(const Layout &layout) {
    int64_t first = layout.first;
    for (size_t i = 0; i < shape.size(); ++i) {
      if (strides[i] < 0)
        continue;
      dims[i].first = first / strides[i];
      first %= strides[i];
    }
    for (const Term &term : layout.terms)
      if (!place(term))
        return std::nullopt;
    for (auto [dim, size] : llvm::zip_equal(dims, shape))
      if (!fits(dim, size))
        return std::nullopt;
    for (Layout &dim : dims)
      dim.normalise();
    return std::move(dims);
  }

private:
  bool place(Term term) {
    // The innermost dim that the stride reaches into.
    for (size_t i = shape.size(); i-- > 0;) {
      if (shape[i] == 1)
        continue;
      if (strides[i] < 0 || term.stride < strides[i] ||
          term.stride % strides[i] != 0)
        return false;
      int64_t step = term.stride / strides[i];
      if (!isDynamic(shape[i]) && step >= shape[i])
        continue;
      if (isDynamic(term.size) != isDynamic(shape[i]) && isDynamic(term.size))
        return false;
      if (isDynamic(shape[i]) || step * (term.size - 1) < shape[i]) {
        dims[i].terms.push_back({term.axis, term.size, step, term.divisor});
        return true;
      }
      // It runs over the dim's end: the rest belongs to dims outside.
      int64_t inside = shape[i] / step;
      if (shape[i] % step != 0 || term.size % inside != 0)
        return false;
      dims[i].terms.push_back({term.axis, inside, step, term.divisor});
      return place({term.axis, term.size / inside, term.stride * inside,
                    term.divisor * inside});
    }
    return false;
  }

  static bool fits(const Layout &dim, int64_t size) {
    if (isDynamic(size))
      return dim.first == 0 && dim.terms.size() <= 1;
    int64_t last = dim.first;
    for (const Term &term : dim.terms)
      last += term.stride * (term.size - 1);
    return last < std::max<int64_t>(size, 1);
  }

  Shape shape;
  SmallVector<int64_t> strides;
  SmallVector<Layout> dims;
};
} // namespace

std::optional<SmallVector<Layout>> moe::split(const Layout &layout,
                                              Shape shape) {
  return Splitter(shape).run(layout);
}

std::optional<Layout> moe::join(ArrayRef<Layout> dims, Shape shape) {
  SmallVector<int64_t> strides = stridesOf(shape);
  Layout result;
  for (auto [dim, stride] : llvm::zip_equal(dims, strides)) {
    if (stride < 0 && (dim.first != 0 || !dim.terms.empty()))
      return std::nullopt;
    result.first += dim.first * stride;
    for (Term term : dim.terms) {
      term.stride *= stride;
      result.terms.push_back(term);
    }
  }
  result.normalise();
  return result;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

std::optional<Layout> moe::broadcastBack(const Layout &result, Shape to,
                                         Shape from) {
  auto dims = split(result, to);
  if (!dims || from.size() > to.size())
    return std::nullopt;
  SmallVector<Layout> operand(llvm::drop_begin(*dims, to.size() - from.size()));
  for (auto [i, size] : llvm::enumerate(from))
    if (size == 1)
      operand[i] = Layout();
  return join(operand, from);
}

std::optional<Layout> moe::broadcast(const Layout &operand, Shape from,
                                     Shape to) {
  auto dims = split(operand, from);
  if (!dims || from.size() > to.size())
    return std::nullopt;
  SmallVector<Layout> result(to.size() - from.size());
  result.append(*dims);
  return join(result, to);
}

std::optional<Layout> moe::transposeBack(const Layout &result, Shape from,
                                         ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> to;
  for (int64_t dim : permutation)
    to.push_back(from[dim]);
  auto dims = split(result, to);
  if (!dims)
    return std::nullopt;
  SmallVector<Layout> operand(from.size());
  for (auto [i, dim] : llvm::enumerate(permutation))
    operand[dim] = (*dims)[i];
  return join(operand, from);
}

std::optional<Layout> moe::transpose(const Layout &operand, Shape from,
                                     ArrayRef<int64_t> permutation) {
  auto dims = split(operand, from);
  if (!dims)
    return std::nullopt;
  SmallVector<Layout> result;
  SmallVector<int64_t> to;
  for (int64_t dim : permutation) {
    result.push_back((*dims)[dim]);
    to.push_back(from[dim]);
  }
  return join(result, to);
}

std::optional<Layout> moe::tileBack(const Layout &result, Shape to,
                                    Shape from) {
  auto dims = split(result, to);
  if (!dims || from.size() != to.size())
    return std::nullopt;
  for (auto [i, size] : llvm::enumerate(from)) {
    if (size == to[i])
      continue;
    if (isDynamic(size) || isDynamic(to[i]) || size == 0 || to[i] % size != 0)
      return std::nullopt;
    auto parts = split((*dims)[i], {to[i] / size, size});
    if (!parts)
      return std::nullopt;
    (*dims)[i] = (*parts)[1];
  }
  return join(*dims, from);
}

std::optional<Layout> moe::sliceBack(const Layout &result, Shape to, Shape from,
                                     int64_t dim, int64_t start, int64_t step) {
  auto dims = split(result, to);
  if (!dims || from.size() != to.size() || start < 0 || step < 1)
    return std::nullopt;
  Layout &cut = (*dims)[dim];
  cut.first = start + step * cut.first;
  for (Term &term : cut.terms)
    term.stride *= step;
  return join(*dims, from);
}

std::optional<Layout> moe::divide(const Layout &dim, int64_t by) {
  Layout result;
  result.first = dim.first / by;
  const Term *fine = nullptr;
  for (const Term &term : dim.terms) {
    if (isDynamic(term.size))
      return std::nullopt;
    if (term.stride % by == 0) {
      result.terms.push_back(
          {term.axis, term.size, term.stride / by, term.divisor});
      continue;
    }
    if (fine || by % term.stride != 0)
      return std::nullopt;
    fine = &term;
  }
  if (fine) {
    int64_t run = by / fine->stride;
    bool startsBlock = dim.first / fine->stride % run == 0;
    // Where the axis goes on outside, its next run must begin a block too.
    bool goesOn = llvm::count_if(dim.terms, [&](const Term &term) {
                    return term.axis == fine->axis;
                  }) > 1;
    if (!startsBlock || (goesOn && fine->size % run != 0))
      return std::nullopt;
    result.terms.push_back(
        {fine->axis, static_cast<int64_t>(llvm::divideCeil(fine->size, run)), 1,
         fine->divisor * run});
  }
  result.normalise();
  return result;
}

std::optional<Layout> moe::reduce(const Layout &operand, Shape from,
                                  ArrayRef<int64_t> dims, Shape to,
                                  SmallVectorImpl<Axis> &axes) {
  auto parts = split(operand, from);
  if (!parts)
    return std::nullopt;
  bool keepsDims = from.size() == to.size();
  SmallVector<Layout> result;
  for (auto [i, part] : llvm::enumerate(*parts)) {
    if (!llvm::is_contained(dims, static_cast<int64_t>(i))) {
      result.push_back(part);
      continue;
    }
    // The sum is over everything that the dim holds, so all must be labelled.
    int64_t covered = 1;
    for (const Term &term : part.terms) {
      covered *= isDynamic(term.size) ? 0 : term.size;
      axes.push_back(term.axis);
    }
    if (part.first != 0 || covered != from[i])
      return std::nullopt;
    if (keepsDims)
      result.push_back(Layout());
  }
  if (result.size() != to.size())
    return std::nullopt;
  std::optional<Layout> joined = join(result, to);
  // Part of an axis is no sum over it.
  if (!joined ||
      llvm::any_of(axes, [&](Axis axis) { return joined->has(axis); }))
    return std::nullopt;
  return joined;
}
