/*===- Plan.h - Reading a plan in C -----------------------------*- C -*-===*\
|*
|* Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
|* See the LICENSE file for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/
/*
 * A view of a plan for a loader: kernels and their regions, what lies where in
 * the SRAM of each core, the bytes themselves out of the model's files, and how
 * each router is set.
 * docs/plan.md defines every term. Sizes are bytes and cores, times cycles,
 * coordinates are those of the wafer's usable rectangle: (x, y), x grows east,
 * y grows south.
 *
 * Handles without a destroy function belong to the plan.
 */

#ifndef INLAY_C_PLAN_H
#define INLAY_C_PLAN_H

#include "inlay-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct InlayPlan InlayPlan;
typedef struct InlayRegion InlayRegion;
typedef struct InlayKernel InlayKernel;
typedef struct InlayWeight InlayWeight;
typedef struct InlayState InlayState;
typedef struct InlayCoreClass InlayCoreClass;

/*===----------------------------------------------------------------------===*\
|* Plans
\*===----------------------------------------------------------------------===*/

/** Reads the plan in the file at `path`. Older minor versions of its major
 * version are taken, with the defaults of docs/schema/CHANGES.md for what they
 * do not say; newer ones, and other major versions, are an error that names
 * both versions. */
INLAY_C_EXPORT InlayError *inlayPlanReadFile(const char *path,
                                             InlayPlan **plan);
/** The same from memory. */
INLAY_C_EXPORT InlayError *inlayPlanRead(const char *json, size_t length,
                                         InlayPlan **plan);
INLAY_C_EXPORT void inlayPlanDestroy(InlayPlan *plan);

/** The plan as JSON: the bytes that `inlayc` writes into plan.json. */
INLAY_C_EXPORT InlayString inlayPlanJson(const InlayPlan *plan);
/** Writes these into the file at `path`, which appears whole or not at all. */
INLAY_C_EXPORT InlayError *inlayPlanWriteFile(const InlayPlan *plan,
                                              const char *path);

/** What the compilation warned of; empty for a plan that was read. */
INLAY_C_EXPORT InlayString inlayPlanWarnings(const InlayPlan *plan);

/** The name of the .onnx file, without its folder. */
INLAY_C_EXPORT InlayString inlayPlanModel(const InlayPlan *plan);
INLAY_C_EXPORT InlayString inlayPlanTarget(const InlayPlan *plan);
/** 0: it was compiled to show by how much it does not fit. */
INLAY_C_EXPORT int inlayPlanIsFeasible(const InlayPlan *plan);

typedef struct InlaySystem {
  int64_t wafers;
  int64_t width; /**< of the usable rectangle of each wafer, in cores */
  int64_t height;
  int64_t sramBytes;     /**< of a core */
  int64_t reservedBytes; /**< of a core, not for data */
  double clockGhz;
  int64_t banks; /**< of a core's SRAM, equal ranges in order; 0: not known */
} InlaySystem;
INLAY_C_EXPORT InlaySystem inlayPlanSystem(const InlayPlan *plan);

/** What lies below the data area of every core, one after the other. Offset 0
 * of a memory map is the address behind the last. */
typedef struct InlayReservedRange {
  InlayString name;
  int64_t address;
  int64_t bytes;
} InlayReservedRange;
INLAY_C_EXPORT size_t inlayPlanNumReserved(const InlayPlan *plan);
INLAY_C_EXPORT InlayReservedRange inlayPlanReserved(const InlayPlan *plan,
                                                    size_t index);

typedef struct InlayStep {
  InlayString phase; /**< "decode" or "prefill" */
  int64_t batch;     /**< sequences */
  int64_t context;   /**< tokens in the state of each */
  int64_t tokens;    /**< new tokens of each */
} InlayStep;
INLAY_C_EXPORT InlayStep inlayPlanStep(const InlayPlan *plan);

typedef struct InlayEstimate {
  double latencyCycles;   /**< of one step, along the critical path */
  double worstCaseCycles; /**< with the worst routing to experts */
  double boundCycles;     /**< the least that physics allows */
  InlayString binding;    /**< what sets the bound */
} InlayEstimate;
INLAY_C_EXPORT InlayEstimate inlayPlanEstimate(const InlayPlan *plan);

/*===----------------------------------------------------------------------===*\
|* Regions: rectangles of cores on which kernels take turns
\*===----------------------------------------------------------------------===*/

typedef struct InlayRectangle {
  int64_t x;
  int64_t y;
  int64_t width;
  int64_t height;
} InlayRectangle;

INLAY_C_EXPORT size_t inlayPlanNumRegions(const InlayPlan *plan);
INLAY_C_EXPORT const InlayRegion *inlayPlanRegion(const InlayPlan *plan,
                                                  size_t index);
/** The region that the core at (x, y) of a wafer is in, or NULL. */
INLAY_C_EXPORT const InlayRegion *
inlayPlanFindRegion(const InlayPlan *plan, int64_t wafer, int64_t x, int64_t y);

INLAY_C_EXPORT InlayString inlayRegionName(const InlayRegion *region);
INLAY_C_EXPORT int64_t inlayRegionWafer(const InlayRegion *region);
INLAY_C_EXPORT InlayRectangle inlayRegionRectangle(const InlayRegion *region);
/** Bytes of a core's data area that its kernels use together. */
INLAY_C_EXPORT int64_t inlayRegionBytes(const InlayRegion *region);
/** Names of its kernels, in the order in which they fire. */
INLAY_C_EXPORT size_t inlayRegionNumKernels(const InlayRegion *region);
INLAY_C_EXPORT InlayString inlayRegionKernel(const InlayRegion *region,
                                             size_t index);

/*===----------------------------------------------------------------------===*\
|* Kernels
\*===----------------------------------------------------------------------===*/

INLAY_C_EXPORT size_t inlayPlanNumKernels(const InlayPlan *plan);
INLAY_C_EXPORT const InlayKernel *inlayPlanKernel(const InlayPlan *plan,
                                                  size_t index);
/** The kernel of that name, or NULL. */
INLAY_C_EXPORT const InlayKernel *inlayPlanFindKernel(const InlayPlan *plan,
                                                      const char *name);

INLAY_C_EXPORT InlayString inlayKernelName(const InlayKernel *kernel);
INLAY_C_EXPORT InlayString inlayKernelRole(const InlayKernel *kernel);
/** -1: it is in no layer. */
INLAY_C_EXPORT int64_t inlayKernelLayer(const InlayKernel *kernel);
INLAY_C_EXPORT int64_t inlayKernelWafer(const InlayKernel *kernel);
/** The name of its region. */
INLAY_C_EXPORT InlayString inlayKernelRegion(const InlayKernel *kernel);
/** The rectangle of that. */
INLAY_C_EXPORT InlayRectangle inlayKernelRectangle(const InlayKernel *kernel);
INLAY_C_EXPORT double inlayKernelCycles(const InlayKernel *kernel);

typedef struct InlayExpertGroup {
  int64_t index;
  InlayRectangle rectangle;
  const int64_t *experts; /**< in the order in which its cores hold them */
  size_t numExperts;
} InlayExpertGroup;
INLAY_C_EXPORT size_t inlayKernelNumExpertGroups(const InlayKernel *kernel);
INLAY_C_EXPORT InlayExpertGroup
inlayKernelExpertGroup(const InlayKernel *kernel, size_t index);

/*===----------------------------------------------------------------------===*\
|* Weights and states of a kernel
\*===----------------------------------------------------------------------===*/

INLAY_C_EXPORT size_t inlayKernelNumWeights(const InlayKernel *kernel);
INLAY_C_EXPORT const InlayWeight *inlayKernelWeight(const InlayKernel *kernel,
                                                    size_t index);

INLAY_C_EXPORT InlayString inlayWeightName(const InlayWeight *weight);
INLAY_C_EXPORT InlayString inlayWeightType(const InlayWeight *weight);
/** Bits of an element of the logical tensor. */
INLAY_C_EXPORT int64_t inlayWeightBits(const InlayWeight *weight);
/** Bytes of the stored elements. */
INLAY_C_EXPORT int64_t inlayWeightBytes(const InlayWeight *weight);
/** Cores that hold each element; of scales of blocks that are cut some are on
    more. */
INLAY_C_EXPORT int64_t inlayWeightCopies(const InlayWeight *weight);
INLAY_C_EXPORT size_t inlayWeightRank(const InlayWeight *weight);
INLAY_C_EXPORT int64_t inlayWeightDim(const InlayWeight *weight, size_t index);

/** A strided view of an initializer; a weight's elements are those of its
    pieces, one after the other. The view itself is in the plan's JSON. */
typedef struct InlayPiece {
  InlayString initializer;
  InlayString file; /**< relative to the folder of the model */
  int64_t offset;   /**< of the initializer in the file */
  int64_t length;
  InlayString encoding; /**< "raw", "varint" or "proto" */
} InlayPiece;
INLAY_C_EXPORT size_t inlayWeightNumPieces(const InlayWeight *weight);
INLAY_C_EXPORT InlayPiece inlayWeightPiece(const InlayWeight *weight,
                                           size_t index);

INLAY_C_EXPORT size_t inlayKernelNumStates(const InlayKernel *kernel);
INLAY_C_EXPORT const InlayState *inlayKernelState(const InlayKernel *kernel,
                                                  size_t index);
INLAY_C_EXPORT InlayString inlayStateName(const InlayState *state);
INLAY_C_EXPORT InlayString inlayStateType(const InlayState *state);
INLAY_C_EXPORT int64_t inlayStateBytes(const InlayState *state);
INLAY_C_EXPORT size_t inlayStateRank(const InlayState *state);
INLAY_C_EXPORT int64_t inlayStateDim(const InlayState *state, size_t index);

/*===----------------------------------------------------------------------===*\
|* Memory maps: one for all cores of a class
\*===----------------------------------------------------------------------===*/

INLAY_C_EXPORT size_t inlayKernelNumClasses(const InlayKernel *kernel);
INLAY_C_EXPORT const InlayCoreClass *inlayKernelClass(const InlayKernel *kernel,
                                                      size_t index);

INLAY_C_EXPORT InlayString inlayCoreClassName(const InlayCoreClass *coreClass);
INLAY_C_EXPORT int64_t inlayCoreClassCores(const InlayCoreClass *coreClass);
/** The end of the last buffer of this kernel in the data area. */
INLAY_C_EXPORT int64_t inlayCoreClassBytes(const InlayCoreClass *coreClass);
INLAY_C_EXPORT size_t
inlayCoreClassNumRectangles(const InlayCoreClass *coreClass);
INLAY_C_EXPORT InlayRectangle
inlayCoreClassRectangle(const InlayCoreClass *coreClass, size_t index);

typedef struct InlayBuffer {
  InlayString name; /**< of the weight, state or other tensor it is for */
  InlayString role; /**< "weights", "state", "input", "output" or "scratch" */
  int64_t offset;   /**< from the start of the data area */
  int64_t bytes;
  int64_t slots;   /**< equal parts that take turns */
  int64_t firstOp; /**< first and last op of the kernel that need it */
  int64_t lastOp;
  int64_t alignment; /**< of offset and bytes */
  int64_t bank;      /**< of the first byte; 0 where the system has no banks */
} InlayBuffer;
INLAY_C_EXPORT size_t inlayCoreClassNumBuffers(const InlayCoreClass *coreClass);
INLAY_C_EXPORT InlayBuffer inlayCoreClassBuffer(const InlayCoreClass *coreClass,
                                                size_t index);

/*===----------------------------------------------------------------------===*\
|* The bytes of a core
\*===----------------------------------------------------------------------===*/

/** A core as one kernel sees it. */
typedef struct InlayCore {
  const InlayCoreClass *coreClass; /**< NULL: it idles while the kernel runs */
  int64_t column;                  /**< in its expert group, or in the region */
  int64_t row;
  int64_t group; /**< index of its expert group; -1: it is in none */
} InlayCore;

/** The core at (x, y), on the wafer of the kernel. */
INLAY_C_EXPORT InlayCore inlayKernelCore(const InlayKernel *kernel, int64_t x,
                                         int64_t y);

/** The indices of dim `index` of the weight that the core at (x, y) of the
    kernel holds: `*begin` up to, not including, `*end`. Of a dim that is cut
    over expert groups: places in the list of experts of the core's group. */
INLAY_C_EXPORT InlayError *inlayKernelShardRange(const InlayKernel *kernel,
                                                 int64_t x, int64_t y,
                                                 const InlayWeight *weight,
                                                 size_t index, int64_t *begin,
                                                 int64_t *end);

/** Bytes of the shard of `weight` that the core at (x, y) of the kernel holds;
    0 where it holds none. */
INLAY_C_EXPORT InlayError *inlayKernelShardBytes(const InlayKernel *kernel,
                                                 int64_t x, int64_t y,
                                                 const InlayWeight *weight,
                                                 int64_t *bytes);

/** Reads that shard out of the files in `folder`, where the model lies, into
    `buffer`, which has room for `size` bytes, at least those of the shard.
    Elements follow each other in row-major order without gaps. After an error
    the buffer holds anything. */
INLAY_C_EXPORT InlayError *inlayKernelReadShard(const InlayKernel *kernel,
                                                int64_t x, int64_t y,
                                                const InlayWeight *weight,
                                                const char *folder,
                                                void *buffer, size_t size);

/** The elements of `state` that the core at (x, y) of the kernel has, in the
    order in which they lie in its buffer, each by its number in row-major order
    of the state's dims: the places of a context are dealt out over the cores of
    their axis, so that it grows at the end of what each has. `*count` is how
    many there are; the first `size` of them are written to `elements`, which
    may be NULL where `size` is 0. */
INLAY_C_EXPORT InlayError *inlayKernelStateElements(const InlayKernel *kernel,
                                                    int64_t x, int64_t y,
                                                    const InlayState *state,
                                                    int64_t *elements,
                                                    size_t size, size_t *count);

/** Fills `image` with the data area of the core at (x, y) of a wafer as it is
    before the first step: the shards of all kernels of its region at the
    offsets of their buffers, zeros elsewhere. `size` must be the
    inlayRegionBytes of the region. */
INLAY_C_EXPORT InlayError *inlayPlanReadImage(const InlayPlan *plan,
                                              int64_t wafer, int64_t x,
                                              int64_t y, const char *folder,
                                              void *image, size_t size);

/*===----------------------------------------------------------------------===*\
|* Streams
\*===----------------------------------------------------------------------===*/

/** An edge of the graph, from an output of a kernel to an input of another. */
typedef struct InlayStream {
  InlayString name;
  const InlayKernel *from; /**< NULL: the host */
  int64_t fromPort;        /**< output of the kernel, or input of the model */
  const InlayKernel *to;   /**< NULL: the host */
  int64_t toPort;          /**< input of the kernel, or output of the model */
  InlayString type;
  int64_t bytes; /**< of a firing */
  int crosses;   /**< 1: from wafer to wafer */
  int inPlace;   /**< 1: every core has already what it needs */
} InlayStream;
INLAY_C_EXPORT size_t inlayPlanNumStreams(const InlayPlan *plan);
INLAY_C_EXPORT InlayStream inlayPlanStream(const InlayPlan *plan, size_t index);

/*===----------------------------------------------------------------------===*\
|* Routers
\*===----------------------------------------------------------------------===*/

/** Ports of a router; a set of them is their sum. */
typedef enum InlayPort {
  INLAY_PORT_WEST = 1,
  INLAY_PORT_EAST = 2,
  INLAY_PORT_NORTH = 4,
  INLAY_PORT_SOUTH = 8,
  INLAY_PORT_RAMP = 16 /**< the core */
} InlayPort;

/** What comes in at a port in a colour leaves at several. */
typedef struct InlayRouterSetting {
  InlayString route;
  int inTurn; /**< 0: set before the first step; 1: by the cores, in turn */
  int64_t colour;
  unsigned in;      /**< a port */
  unsigned out;     /**< a set of ports */
  int64_t position; /**< of the switch, among those of the route */
} InlayRouterSetting;

/** The settings of the router at (x, y) of a wafer, in the order of the routes:
    writes how many there are into `*count`, and the first `capacity` of them
    into `settings`, which may be NULL where `capacity` is 0. */
INLAY_C_EXPORT InlayError *inlayPlanRouter(const InlayPlan *plan, int64_t wafer,
                                           int64_t x, int64_t y,
                                           InlayRouterSetting *settings,
                                           size_t capacity, size_t *count);

#ifdef __cplusplus
}
#endif

#endif /* INLAY_C_PLAN_H */
