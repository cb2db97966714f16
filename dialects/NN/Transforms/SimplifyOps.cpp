//===- SimplifyOps.cpp - Plumbing that says nothing -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transposes, reshapes, copies and conversions in their shortest form, so that
// the patterns of the other files meet each computation in few spellings. None
// of these changes what is computed; none makes the IR larger.
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Matchers.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace inlay::nn;

namespace {

/// Two transposes in a row are one.
struct ComposeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> permutation;
    for (int64_t dim : op.getPermutation())
      permutation.push_back(inner.getPermutation()[dim]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getInput(),
                                             permutation);
    return success();
  }
};

/// Which dims of `wide` are those of `narrow`, all others having size 1; none
/// where there are others.
std::optional<SmallVector<int64_t>> matchUnitDims(ArrayRef<int64_t> narrow,
                                                  ArrayRef<int64_t> wide) {
  SmallVector<int64_t> dims;
  for (auto [i, size] : llvm::enumerate(wide))
    if (dims.size() < narrow.size() && narrow[dims.size()] == size)
      dims.push_back(i);
    else if (size != 1)
      return std::nullopt;
  return dims.size() == narrow.size() ? std::optional(dims) : std::nullopt;
}

/// Dims of size 1 that are put between others before these are turned: they
/// come afterwards. Not of matrices alone, see SplitBeforeTranspose.
struct TransposeOfMoreDims : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
    if (!reshape || !reshape->hasOneUse())
      return failure();
    ArrayRef<int64_t> from = getShape(reshape.getInput());
    if (from.size() != 4 || getShape(op.getInput()).size() != 5)
      return failure();
    auto dims = matchUnitDims(from, getShape(op.getInput()));
    if (!dims)
      return failure();
    SmallVector<int64_t> permutation;
    for (int64_t dim : op.getPermutation())
      if (const auto *place = llvm::find(*dims, dim); place != dims->end())
        permutation.push_back(place - dims->begin());
    Value turned =
        createTranspose(rewriter, op.getLoc(), reshape.getInput(), permutation);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), turned);
    return success();
  }
};

/// A transpose that keeps the order of all dims but those of size 1 moves
/// nothing.
struct TransposeOfUnitDims : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = getShape(op.getInput());
    int64_t last = -1;
    for (int64_t dim : op.getPermutation()) {
      if (shape[dim] == 1)
        continue;
      if (dim < last)
        return failure();
      last = dim;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// A copy into a shape of the same size is a reshape.
struct BroadcastOfNothing : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    if (numElements(getShape(op.getInput())) !=
        numElements(getShape(op.getResult())))
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// An elementwise op broadcasts by itself.
template <typename OpTy>
struct ElementwiseOfBroadcast : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    for (OpOperand &operand : op->getOpOperands()) {
      auto copy = operand.get().template getDefiningOp<BroadcastOp>();
      if (!copy)
        continue;
      SmallVector<ArrayRef<int64_t>> shapes;
      for (Value value : op->getOperands())
        shapes.push_back(
            getShape(value == operand.get() ? copy.getInput() : value));
      auto shape = broadcastShapes(shapes);
      if (!shape || ArrayRef<int64_t>(*shape) != getShape(op.getResult()))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(copy.getInput()); });
      return success();
    }
    return failure();
  }
};

/// So does a product, over all dims but the last two.
struct ProductOfBroadcast : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getQuant() || op.getTransposed())
      return failure();
    OpOperand *operands[] = {&op.getLhsMutable(), &op.getRhsMutable()};
    for (unsigned i : {0u, 1u}) {
      auto copy = operands[i]->get().getDefiningOp<BroadcastOp>();
      if (!copy)
        continue;
      ArrayRef<int64_t> from = getShape(copy.getInput());
      ArrayRef<int64_t> other = getShape(operands[1 - i]->get());
      ArrayRef<int64_t> result = getShape(op.getResult());
      if (from.size() != result.size() || other.size() != result.size() ||
          from.take_back(2) != getShape(copy.getResult()).take_back(2))
        continue;
      auto batch = broadcastShapes({from.drop_back(2), other.drop_back(2)});
      if (!batch || ArrayRef<int64_t>(*batch) != result.drop_back(2))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operands[i]->set(copy.getInput()); });
      return success();
    }
    return failure();
  }
};

/// Copies that are turned then: the turned are copied, so that they meet what
/// broadcasts by itself.
struct TransposeOfBroadcast : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto copy = op.getInput().getDefiningOp<BroadcastOp>();
    // Of copied heads, in a dim of their own; the copies of a rotary part that
    // all heads share stay where the keys of a latent attention are joined.
    constexpr size_t rank = 5;
    if (!copy || !copy->hasOneUse() || getShape(op.getInput()).size() != rank ||
        getShape(copy.getInput()).size() != rank)
      return failure();
    Value turned = createTranspose(rewriter, op.getLoc(), copy.getInput(),
                                   op.getPermutation());
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), turned);
    return success();
  }
};

/// x * 1, x / 1, x + 0, x - 0.
struct NeutralElement : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    BinaryKind kind = op.getKind();
    bool isSum = kind == BinaryKind::Add || kind == BinaryKind::Sub;
    bool isProduct = kind == BinaryKind::Mul || kind == BinaryKind::Div;
    if (!isSum && !isProduct)
      return failure();
    double neutral = isSum ? 0 : 1;
    Value kept;
    if (getScalar(op.getRhs()) == neutral)
      kept = op.getLhs();
    else if ((kind == BinaryKind::Add || kind == BinaryKind::Mul) &&
             getScalar(op.getLhs()) == neutral)
      kept = op.getRhs();
    if (!kept || kept.getType() != op.getType())
      return failure();
    rewriter.replaceOp(op, kept);
    return success();
  }
};

struct ConcatOfOne : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getInputs().size() != 1 ||
        op.getInputs().front().getType() != op.getType())
      return failure();
    rewriter.replaceOp(op, op.getInputs().front());
    return success();
  }
};

/// A tensor several times along a dim of which it has one element: copies. Not
/// along the last dim, where a rotary embedding doubles its angles.
struct ConcatOfSame : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    Value first = op.getInputs().front();
    ArrayRef<int64_t> shape = getShape(first);
    uint64_t axis = op.getAxis();
    if (op.getInputs().size() < 2 || axis + 1 >= shape.size() ||
        shape[axis] != 1 || !llvm::all_equal(op.getInputs()))
      return failure();
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), first);
    return success();
  }
};

/// A number times a tensor that is turned then: it is turned first, so that the
/// number meets those of its product.
struct TransposeOfScaled : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto scaled = op.getInput().getDefiningOp<BinaryOp>();
    if (!scaled || !scaled->hasOneUse() ||
        (scaled.getKind() != BinaryKind::Mul &&
         scaled.getKind() != BinaryKind::Div))
      return failure();
    Value number = scaled.getRhs(), input = scaled.getLhs();
    if (scaled.getKind() == BinaryKind::Mul && getScalar(input))
      std::swap(number, input);
    if (!getScalar(number) || numElements(getShape(number)) != 1 ||
        input.getType() != scaled.getType() ||
        getShape(number).size() > getShape(input).size())
      return failure();
    Value turned =
        createTranspose(rewriter, op.getLoc(), input, op.getPermutation());
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), scaled.getKind(),
                                          turned, number);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Heads of all batches in one dim
//===----------------------------------------------------------------------===//

/// Whether `split` is `flat` with its first dim split in two.
bool splitsFirstDim(ArrayRef<int64_t> flat, ArrayRef<int64_t> split) {
  return flat.size() == 3 && split.size() == 4 &&
         split[0] * split[1] == flat[0] &&
         split.drop_front(2) == flat.drop_front();
}

/// A product of [batch * heads, ...] that is split afterwards: its factors are,
/// one of which was brought into that shape by a reshape.
struct SplitProduct : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto product = op.getInput().getDefiningOp<MatMulOp>();
    if (!product || !product->hasOneUse() || product.getQuant() ||
        product.getTransposed())
      return failure();
    ArrayRef<int64_t> shape = getShape(op.getResult());
    ArrayRef<int64_t> lhs = getShape(product.getLhs());
    ArrayRef<int64_t> rhs = getShape(product.getRhs());
    if (!splitsFirstDim(getShape(product.getResult()), shape) ||
        lhs.size() != 3 || rhs.size() != 3 || lhs[0] != rhs[0])
      return failure();
    if (!product.getLhs().getDefiningOp<ReshapeOp>())
      return failure();
    Value left = createReshape(rewriter, op.getLoc(), product.getLhs(),
                               {shape[0], shape[1], lhs[1], lhs[2]});
    Value right = createReshape(rewriter, op.getLoc(), product.getRhs(),
                                {shape[0], shape[1], rhs[1], rhs[2]});
    rewriter.replaceOpWithNewOp<MatMulOp>(op, op.getType(), left, right);
    return success();
  }
};

/// A number times such a product: the product is split first.
struct SplitScaled : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto scaled = op.getInput().getDefiningOp<BinaryOp>();
    std::optional<Scaled> parts = matchScaled(op.getInput());
    if (!parts || !scaled->hasOneUse() ||
        !parts->inner.getDefiningOp<MatMulOp>() ||
        !splitsFirstDim(getShape(op.getInput()), getShape(op.getResult())))
      return failure();
    Value number =
        scaled.getLhs() == parts->inner ? scaled.getRhs() : scaled.getLhs();
    if (numElements(getShape(number)) != 1 ||
        parts->inner.getType() != op.getInput().getType())
      return failure();
    Value split = createReshape(rewriter, op.getLoc(), parts->inner,
                                getShape(op.getResult()));
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), scaled.getKind(),
                                          split, number);
    return success();
  }
};

/// A sum of a product and of something for each head: it is split first.
struct SplitSum : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto sum = matchBinary(op.getInput(), BinaryKind::Add);
    ArrayRef<int64_t> flat = getShape(op.getInput());
    ArrayRef<int64_t> shape = getShape(op.getResult());
    if (!sum || !sum->hasOneUse() || !splitsFirstDim(flat, shape))
      return failure();
    bool hasProduct = llvm::any_of(sum->getOperands(), [&](Value operand) {
      std::optional<Scaled> scaled = matchScaled(operand);
      Value inner = scaled ? scaled->inner : operand;
      return inner.getDefiningOp<MatMulOp>() && getShape(operand) == flat;
    });
    if (!hasProduct)
      return failure();
    SmallVector<Value> parts;
    for (Value operand : sum->getOperands()) {
      SmallVector<int64_t> part(getShape(operand));
      if (part.size() == flat.size()) {
        bool isOne = part.front() == 1;
        part.front() = isOne ? 1 : shape[1];
        part.insert(part.begin(), isOne ? 1 : shape[0]);
      }
      parts.push_back(createReshape(rewriter, op.getLoc(), operand, part));
    }
    rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getType(), BinaryKind::Add,
                                          parts[0], parts[1]);
    return success();
  }
};

/// Softmax over the last dim before other dims are put together.
struct SoftmaxOfReshape : OpRewritePattern<SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    auto joined = op.getInput().getDefiningOp<ReshapeOp>();
    ArrayRef<int64_t> shape = getShape(op.getInput());
    if (!joined || !joined->hasOneUse() || op.getAxis() + 1 != shape.size() ||
        !splitsFirstDim(shape, getShape(joined.getInput())))
      return failure();
    auto type = RankedTensorType::get(getShape(joined.getInput()),
                                      getElementTypeOrSelf(op.getType()));
    Value softmax =
        SoftmaxOp::create(rewriter, op.getLoc(), type, joined.getInput(), 3);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), softmax);
    return success();
  }
};

/// A wider float type and back changes nothing.
struct CastThereAndBack : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<CastOp>();
    if (!inner || inner.getInput().getType() != op.getType())
      return failure();
    auto narrow = dyn_cast<FloatType>(getElementTypeOrSelf(op.getType()));
    auto wide = dyn_cast<FloatType>(getElementTypeOrSelf(inner.getType()));
    if (!narrow || !wide ||
        wide.getFPMantissaWidth() < narrow.getFPMantissaWidth() ||
        wide.getWidth() <= narrow.getWidth())
      return failure();
    rewriter.replaceOp(op, inner.getInput());
    return success();
  }
};

/// What one constant index takes is a slice.
struct GatherOfOne : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatherOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    std::optional<double> index = getScalar(op.getIndices());
    uint64_t axis = op.getAxis();
    if (!index || numElements(getShape(op.getIndices())) != 1 ||
        isWeightLike(op.getInput()))
      return failure();
    int64_t size = type.getDimSize(axis);
    auto at = static_cast<int64_t>(*index);
    at = at < 0 ? at + size : at;
    if (at < 0 || at >= size)
      return failure();
    SmallVector<int64_t> offsets(type.getRank(), 0), shape(type.getShape());
    offsets[axis] = at;
    shape[axis] = 1;
    Value part = SliceOp::create(
        rewriter, op.getLoc(),
        RankedTensorType::get(shape, type.getElementType()), op.getInput(),
        offsets, SmallVector<int64_t>(type.getRank(), 1));
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), part,
                                         getShape(op.getResult())));
    return success();
  }
};

/// Part of a part.
struct ComposeSlices : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<SliceOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> offsets, strides;
    for (size_t i = 0; i < op.getOffsets().size(); ++i) {
      int64_t stride = inner.getStrides()[i];
      offsets.push_back(inner.getOffsets()[i] + op.getOffsets()[i] * stride);
      strides.push_back(op.getStrides()[i] * stride);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getInput(),
                                         offsets, strides);
    return success();
  }
};

/// The part of a concatenation that is one of its inputs.
struct SliceOfConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto concat = op.getInput().getDefiningOp<ConcatOp>();
    if (!concat)
      return failure();
    int64_t axis = concat.getAxis();
    int64_t start = 0;
    for (Value input : concat.getInputs()) {
      if (start == op.getOffsets()[axis] && input.getType() == op.getType() &&
          op.getStrides()[axis] == 1) {
        rewriter.replaceOp(op, input);
        return success();
      }
      start += getShape(input)[axis];
    }
    return failure();
  }
};

/// Transposes of all parts and of the whole: the parts are put together in the
/// order of the result.
struct TransposeOfConcat : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto concat = op.getInput().getDefiningOp<ConcatOp>();
    if (!concat || !concat->hasOneUse() ||
        !llvm::all_of(concat.getInputs(), [](Value input) {
          return input.getDefiningOp<TransposeOp>() != nullptr;
        }))
      return failure();
    SmallVector<Value> parts;
    for (Value input : concat.getInputs())
      parts.push_back(
          createTranspose(rewriter, op.getLoc(), input, op.getPermutation()));
    const auto *axis =
        llvm::find(op.getPermutation(), static_cast<int64_t>(concat.getAxis()));
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts,
                                          axis - op.getPermutation().begin());
    return success();
  }
};

/// The part of a function of a concatenation: the function of that input.
template <typename OpTy>
struct SliceOfElementwiseConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto function = op.getInput().template getDefiningOp<OpTy>();
    auto concat =
        function ? function->getOperand(0).template getDefiningOp<ConcatOp>()
                 : ConcatOp();
    if (!concat)
      return failure();
    int64_t axis = concat.getAxis();
    int64_t start = 0;
    for (Value input : concat.getInputs()) {
      if (start == op.getOffsets()[axis] &&
          getShape(input) == getShape(op.getResult()) &&
          op.getStrides()[axis] == 1) {
        if constexpr (std::is_same_v<OpTy, UnaryOp>)
          rewriter.replaceOpWithNewOp<UnaryOp>(op, op.getType(),
                                               function.getKind(), input);
        else
          rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), input);
        return success();
      }
      start += getShape(input)[axis];
    }
    return failure();
  }
};

/// One of the parts of a last dim that was split in two, along either: a
/// strided slice of the last dim as it was.
struct SliceOfSplitDim : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto slice = op.getInput().getDefiningOp<SliceOp>();
    auto split =
        slice ? slice.getInput().getDefiningOp<ReshapeOp>() : ReshapeOp();
    if (!split)
      return failure();
    ArrayRef<int64_t> whole = getShape(split.getInput());
    ArrayRef<int64_t> parts = getShape(split.getResult());
    ArrayRef<int64_t> taken = getShape(slice.getResult());
    ArrayRef<int64_t> result = getShape(op.getResult());
    size_t rank = whole.size();
    if (rank == 0 || parts.size() != rank + 1 || result.size() != rank ||
        parts.drop_back(2) != whole.drop_back() ||
        taken.drop_back(2) != whole.drop_back() ||
        result.drop_back() != whole.drop_back())
      return failure();
    int64_t outer = parts[rank - 1], inner = parts[rank];
    SmallVector<int64_t> offsets(rank, 0), strides(rank, 1);
    if (taken[rank - 1] == 1 && taken[rank] == inner) {
      offsets.back() = slice.getOffsets()[rank - 1] * inner;
    } else if (taken[rank] == 1 && taken[rank - 1] == outer) {
      offsets.back() = slice.getOffsets()[rank];
      strides.back() = inner;
    } else {
      return failure();
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), split.getInput(),
                                         offsets, strides);
    return success();
  }
};

/// Leading dims that are split behind a transpose of the last two, instead of
/// before it.
struct SplitBeforeTranspose : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto transpose = op.getInput().getDefiningOp<TransposeOp>();
    SmallVector<int64_t> shape(getShape(op.getResult()));
    int64_t rank = shape.size();
    if (!transpose || rank < 4 ||
        transpose.getPermutation() != ArrayRef<int64_t>{0, 2, 1} ||
        getShape(op.getInput()).take_back(2) !=
            ArrayRef<int64_t>(shape).take_back(2))
      return failure();
    std::swap(shape[rank - 1], shape[rank - 2]);
    Value split =
        createReshape(rewriter, op.getLoc(), transpose.getInput(), shape);
    SmallVector<int64_t> permutation(llvm::to_vector(llvm::seq(rank)));
    std::swap(permutation[rank - 1], permutation[rank - 2]);
    rewriter.replaceOp(
        op, createTranspose(rewriter, op.getLoc(), split, permutation));
    return success();
  }
};

} // namespace

void inlay::nn::populateSimplifyPatterns(RewritePatternSet &patterns) {
  patterns.add<ComposeTransposes, TransposeOfMoreDims, TransposeOfUnitDims,
               BroadcastOfNothing, ElementwiseOfBroadcast<BinaryOp>,
               ElementwiseOfBroadcast<WhereOp>, ProductOfBroadcast,
               TransposeOfBroadcast, NeutralElement, ConcatOfOne,
               CastThereAndBack, GatherOfOne, ComposeSlices, SliceOfConcat,
               SliceOfElementwiseConcat<UnaryOp>,
               SliceOfElementwiseConcat<CastOp>, TransposeOfConcat,
               SliceOfSplitDim, ConcatOfSame, TransposeOfScaled, SplitProduct,
               SplitScaled, SplitSum, SoftmaxOfReshape, SplitBeforeTranspose>(
      patterns.getContext());
  ReshapeOp::getCanonicalizationPatterns(patterns, patterns.getContext());
}
