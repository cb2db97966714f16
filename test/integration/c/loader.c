/*
 * A vendor's loader on the C API.
 *
 *   loader compile MODEL PLAN [OPTION VALUE]...   makes a plan and writes it
 *   loader describe PLAN                          prints what is where
 *   loader images PLAN FOLDER OUT                 writes the data area of every
 *       core of every region, one after the other: regions, their rows from
 *       north to south, cores from west to east
 *   loader routers PLAN                           prints the settings of all
 * routers loader misuse PLAN                            checks what must not
 * crash loader options                                prints the names of
 * options
 *
 * Exit status: that of InlayStatus.
 */
#include "inlay-c/Compile.h"
#include "inlay-c/Plan.h"
#include "inlay-c/Support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with the status of an error, if there is one. */
static void check(InlayError *error) {
  InlayStatus status = inlayErrorStatus(error);
  if (status == INLAY_STATUS_OK)
    return;
  fputs(inlayErrorMessage(error).data, stderr);
  inlayErrorDestroy(error);
  exit(status);
}

static InlayPlan *readPlan(const char *path) {
  InlayPlan *plan = NULL;
  check(inlayPlanReadFile(path, &plan));
  return plan;
}

static int compile(const char *model, const char *path, int count,
                   char **settings) {
  InlayOptions *options = inlayOptionsCreate();
  InlayPlan *plan = NULL;
  for (int i = 0; i + 1 < count; i += 2)
    check(inlayOptionsSet(options, settings[i], settings[i + 1]));
  check(inlayCompile(model, options, &plan));
  inlayOptionsDestroy(options);
  check(inlayPlanWriteFile(plan, path));
  fputs(inlayPlanWarnings(plan).data, stderr);
  inlayPlanDestroy(plan);
  return 0;
}

static void printRectangle(InlayRectangle rect) {
  printf(" %lld %lld %lld %lld", (long long)rect.x, (long long)rect.y,
         (long long)rect.width, (long long)rect.height);
}

static void describeKernel(const InlayKernel *kernel) {
  printf("kernel %s %s layer %lld wafer %lld region %s",
         inlayKernelName(kernel).data, inlayKernelRole(kernel).data,
         (long long)inlayKernelLayer(kernel),
         (long long)inlayKernelWafer(kernel), inlayKernelRegion(kernel).data);
  printRectangle(inlayKernelRectangle(kernel));
  printf(" cycles %.17g\n", inlayKernelCycles(kernel));
  for (size_t i = 0; i < inlayKernelNumExpertGroups(kernel); ++i) {
    InlayExpertGroup group = inlayKernelExpertGroup(kernel, i);
    printf("group %lld experts", (long long)group.index);
    for (size_t e = 0; e < group.numExperts; ++e)
      printf(" %lld", (long long)group.experts[e]);
    printf(" rectangle");
    printRectangle(group.rectangle);
    putchar('\n');
  }
  for (size_t i = 0; i < inlayKernelNumWeights(kernel); ++i) {
    const InlayWeight *weight = inlayKernelWeight(kernel, i);
    printf("weight %s %s bits %lld bytes %lld copies %lld shape",
           inlayWeightName(weight).data, inlayWeightType(weight).data,
           (long long)inlayWeightBits(weight),
           (long long)inlayWeightBytes(weight),
           (long long)inlayWeightCopies(weight));
    for (size_t d = 0; d < inlayWeightRank(weight); ++d)
      printf(" %lld", (long long)inlayWeightDim(weight, d));
    putchar('\n');
    for (size_t p = 0; p < inlayWeightNumPieces(weight); ++p) {
      InlayPiece piece = inlayWeightPiece(weight, p);
      printf("piece %s %s %lld %lld %s\n", piece.initializer.data,
             piece.file.data, (long long)piece.offset, (long long)piece.length,
             piece.encoding.data);
    }
  }
  for (size_t i = 0; i < inlayKernelNumStates(kernel); ++i) {
    const InlayState *state = inlayKernelState(kernel, i);
    printf("state %s %s bytes %lld shape", inlayStateName(state).data,
           inlayStateType(state).data, (long long)inlayStateBytes(state));
    for (size_t d = 0; d < inlayStateRank(state); ++d)
      printf(" %lld", (long long)inlayStateDim(state, d));
    putchar('\n');
  }
  for (size_t i = 0; i < inlayKernelNumClasses(kernel); ++i) {
    const InlayCoreClass *coreClass = inlayKernelClass(kernel, i);
    printf("class %s cores %lld bytes %lld\n",
           inlayCoreClassName(coreClass).data,
           (long long)inlayCoreClassCores(coreClass),
           (long long)inlayCoreClassBytes(coreClass));
    for (size_t b = 0; b < inlayCoreClassNumBuffers(coreClass); ++b) {
      InlayBuffer buffer = inlayCoreClassBuffer(coreClass, b);
      printf("buffer %s %s %lld %lld slots %lld ops %lld %lld"
             " alignment %lld bank %lld\n",
             buffer.role.data, buffer.name.data, (long long)buffer.offset,
             (long long)buffer.bytes, (long long)buffer.slots,
             (long long)buffer.firstOp, (long long)buffer.lastOp,
             (long long)buffer.alignment, (long long)buffer.bank);
    }
  }
}

static int describe(const char *path) {
  InlayPlan *plan = readPlan(path);
  InlaySystem system = inlayPlanSystem(plan);
  InlayStep step = inlayPlanStep(plan);
  InlayEstimate estimate = inlayPlanEstimate(plan);
  printf("plan %s of %s on %s feasible %d\n", inlayPlanVersion().data,
         inlayPlanModel(plan).data, inlayPlanTarget(plan).data,
         inlayPlanIsFeasible(plan));
  printf(
      "system %lld %lld %lld sram %lld reserved %lld clock %.17g banks %lld\n",
      (long long)system.wafers, (long long)system.width,
      (long long)system.height, (long long)system.sramBytes,
      (long long)system.reservedBytes, system.clockGhz,
      (long long)system.banks);
  for (size_t i = 0; i < inlayPlanNumReserved(plan); ++i) {
    InlayReservedRange range = inlayPlanReserved(plan, i);
    printf("reserved %s %lld %lld\n", range.name.data, (long long)range.address,
           (long long)range.bytes);
  }
  printf("step %s %lld %lld %lld\n", step.phase.data, (long long)step.batch,
         (long long)step.context, (long long)step.tokens);
  printf("estimate %.17g worst %.17g bound %.17g %s\n", estimate.latencyCycles,
         estimate.worstCaseCycles, estimate.boundCycles, estimate.binding.data);
  for (size_t i = 0; i < inlayPlanNumRegions(plan); ++i) {
    const InlayRegion *region = inlayPlanRegion(plan, i);
    printf("region %s wafer %lld bytes %lld rectangle",
           inlayRegionName(region).data, (long long)inlayRegionWafer(region),
           (long long)inlayRegionBytes(region));
    printRectangle(inlayRegionRectangle(region));
    for (size_t k = 0; k < inlayRegionNumKernels(region); ++k)
      printf(" %s", inlayRegionKernel(region, k).data);
    putchar('\n');
  }
  for (size_t i = 0; i < inlayPlanNumKernels(plan); ++i)
    describeKernel(inlayPlanKernel(plan, i));
  for (size_t i = 0; i < inlayPlanNumStreams(plan); ++i) {
    InlayStream stream = inlayPlanStream(plan, i);
    printf("stream %s from %s %lld to %s %lld %s bytes %lld crosses %d in "
           "place %d\n",
           stream.name.data, inlayKernelName(stream.from).data,
           (long long)stream.fromPort, inlayKernelName(stream.to).data,
           (long long)stream.toPort, stream.type.data, (long long)stream.bytes,
           stream.crosses, stream.inPlace);
  }
  inlayPlanDestroy(plan);
  return 0;
}

/* The shards, read one by one, are what the image has at their buffers. */
static void compareShards(const InlayKernel *kernel, InlayCore core, int64_t x,
                          int64_t y, const char *folder, const char *image) {
  for (size_t i = 0; i < inlayKernelNumWeights(kernel); ++i) {
    const InlayWeight *weight = inlayKernelWeight(kernel, i);
    int64_t bytes = 0;
    check(inlayKernelShardBytes(kernel, x, y, weight, &bytes));
    for (size_t b = 0; b < inlayCoreClassNumBuffers(core.coreClass); ++b) {
      InlayBuffer buffer = inlayCoreClassBuffer(core.coreClass, b);
      if (strcmp(buffer.role.data, "weights") != 0 ||
          strcmp(buffer.name.data, inlayWeightName(weight).data) != 0)
        continue;
      char *shard = malloc((size_t)bytes + 1);
      check(inlayKernelReadShard(kernel, x, y, weight, folder, shard,
                                 (size_t)bytes));
      if (memcmp(shard, image + buffer.offset, (size_t)bytes) != 0)
        abort();
      free(shard);
    }
  }
}

/* A core has room for what it has of each state, and knows which elements these
   are. */
static void checkStates(const InlayKernel *kernel, InlayCore core, int64_t x,
                        int64_t y) {
  for (size_t i = 0; i < inlayKernelNumStates(kernel); ++i) {
    const InlayState *state = inlayKernelState(kernel, i);
    size_t count = 0;
    int64_t all = 1;
    check(inlayKernelStateElements(kernel, x, y, state, NULL, 0, &count));
    int64_t *elements = malloc((count + 1) * sizeof(int64_t));
    check(
        inlayKernelStateElements(kernel, x, y, state, elements, count, &count));
    for (size_t d = 0; d < inlayStateRank(state); ++d)
      all *= inlayStateDim(state, d);
    for (size_t e = 0; e < count; ++e)
      if (elements[e] < 0 || elements[e] >= all)
        abort();
    free(elements);
    for (size_t b = 0; b < inlayCoreClassNumBuffers(core.coreClass); ++b) {
      InlayBuffer buffer = inlayCoreClassBuffer(core.coreClass, b);
      if (strcmp(buffer.role.data, "state") == 0 &&
          strcmp(buffer.name.data, inlayStateName(state).data) == 0 &&
          (int64_t)count * (inlayStateBytes(state) / all) > buffer.bytes)
        abort();
    }
  }
}

static void writeImage(const InlayPlan *plan, const InlayRegion *region,
                       int64_t x, int64_t y, const char *folder, FILE *out) {
  int64_t wafer = inlayRegionWafer(region);
  size_t size = (size_t)inlayRegionBytes(region);
  char *image = malloc(size + 1);
  if (inlayPlanFindRegion(plan, wafer, x, y) != region)
    abort();
  check(inlayPlanReadImage(plan, wafer, x, y, folder, image, size));
  for (size_t k = 0; k < inlayRegionNumKernels(region); ++k) {
    const InlayKernel *kernel =
        inlayPlanFindKernel(plan, inlayRegionKernel(region, k).data);
    InlayCore core = inlayKernelCore(kernel, x, y);
    if (core.coreClass != NULL) {
      compareShards(kernel, core, x, y, folder, image);
      checkStates(kernel, core, x, y);
    }
  }
  fwrite(image, 1, size, out);
  free(image);
}

static int images(const char *path, const char *folder, const char *target) {
  InlayPlan *plan = readPlan(path);
  FILE *out = fopen(target, "wb");
  if (out == NULL)
    return 1;
  for (size_t r = 0; r < inlayPlanNumRegions(plan); ++r) {
    const InlayRegion *region = inlayPlanRegion(plan, r);
    InlayRectangle rect = inlayRegionRectangle(region);
    for (int64_t y = rect.y; y < rect.y + rect.height; ++y)
      for (int64_t x = rect.x; x < rect.x + rect.width; ++x)
        writeImage(plan, region, x, y, folder, out);
  }
  fclose(out);
  inlayPlanDestroy(plan);
  return 0;
}

static int routers(const char *path) {
  InlayPlan *plan = readPlan(path);
  InlaySystem system = inlayPlanSystem(plan);
  for (int64_t wafer = 0; wafer < system.wafers; ++wafer)
    for (int64_t y = 0; y < system.height; ++y)
      for (int64_t x = 0; x < system.width; ++x) {
        size_t count = 0;
        check(inlayPlanRouter(plan, wafer, x, y, NULL, 0, &count));
        InlayRouterSetting *settings = calloc(count + 1, sizeof(*settings));
        check(inlayPlanRouter(plan, wafer, x, y, settings, count, &count));
        for (size_t i = 0; i < count; ++i)
          printf("%lld %lld %lld %s in turn %d colour %lld in %u out %u "
                 "position %lld\n",
                 (long long)wafer, (long long)x, (long long)y,
                 settings[i].route.data, settings[i].inTurn,
                 (long long)settings[i].colour, settings[i].in, settings[i].out,
                 (long long)settings[i].position);
        free(settings);
      }
  inlayPlanDestroy(plan);
  return 0;
}

/* Prints the message of an error that must be there. */
static void expect(InlayError *error) {
  if (inlayErrorStatus(error) != INLAY_STATUS_INPUT)
    abort();
  fputs(inlayErrorMessage(error).data, stdout);
  inlayErrorDestroy(error);
}

static int misuse(const char *path) {
  InlayPlan *plan = readPlan(path);
  InlayPlan *none = plan;
  InlayOptions *options = inlayOptionsCreate();
  const InlayKernel *kernel = inlayPlanKernel(plan, 0);
  const InlayWeight *weight = inlayKernelWeight(kernel, 0);
  InlayRectangle region = inlayKernelRectangle(kernel);
  static char room[1 << 20];
  int64_t begin;
  int64_t end;
  size_t count;

  expect(inlayOptionsSet(options, "contxt", "1"));
  expect(inlayOptionsSet(options, "context", "many"));
  expect(inlayOptionsSet(options, "phase", "idle"));
  expect(inlayOptionsSet(options, "context", NULL));
  expect(inlayOptionsSet(NULL, "context", "1"));
  check(inlayOptionsSet(options, "batch", "0"));
  expect(inlayCompile(path, options, &none));
  if (none != NULL)
    abort();
  expect(inlayCompile(NULL, NULL, &none));
  expect(inlayCompile(path, NULL, NULL));
  expect(inlayPlanRouter(plan, 0, 0, 0, NULL, 1, &count));
  expect(inlayPlanReadFile("no/such/plan.json", &none));
  expect(inlayPlanReadFile("/", &none));
  expect(inlayPlanRead("{}", 2, &none));
  expect(
      inlayKernelReadShard(kernel, region.x, region.y, weight, ".", room, 1));
  expect(inlayKernelReadShard(kernel, region.x, region.y, weight, "no/such",
                              room, sizeof(room)));
  expect(inlayPlanReadImage(plan, 0, region.x, region.y, ".", room, 1));
  expect(inlayPlanReadImage(plan, 0, -1, 0, ".", room, 1));
  expect(inlayKernelReadShard(kernel, -1, 0, weight, ".", room, 1));
  expect(inlayKernelShardRange(kernel, region.x, region.y, weight, 99, &begin,
                               &end));

  /* Questions that cannot fail. */
  if (inlayPlanKernel(plan, inlayPlanNumKernels(plan)) != NULL ||
      inlayPlanFindKernel(plan, "no such kernel") != NULL ||
      inlayPlanFindKernel(plan, inlayKernelName(kernel).data) != kernel ||
      inlayKernelName(NULL).length != 0 || inlayKernelName(NULL).data == NULL ||
      inlayPlanFindRegion(plan, 1000, 0, 0) != NULL ||
      inlayPlanFindRegion(plan, 0, INT64_MAX, INT64_MIN) != NULL ||
      inlayKernelCore(kernel, INT64_MIN, INT64_MAX).coreClass != NULL ||
      inlayKernelNumWeights(NULL) != 0 || inlayWeightDim(weight, 1000) != 0 ||
      inlayPlanStream(plan, (size_t)-1).to != NULL ||
      inlayErrorStatus(NULL) != INLAY_STATUS_OK ||
      inlayOptionsName(inlayOptionsNumNames()).length != 0)
    abort();
  inlayErrorDestroy(NULL);
  inlayPlanDestroy(NULL);
  inlayOptionsDestroy(NULL);
  inlayOptionsDestroy(options);
  inlayPlanDestroy(plan);
  return 0;
}

int main(int argc, char **argv) {
  /* The library may be newer than the headers, not older. */
  if (inlayApiVersion() / 1000 != INLAY_C_VERSION_MAJOR ||
      inlayApiVersion() % 1000 < INLAY_C_VERSION_MINOR)
    return INLAY_STATUS_INTERNAL;
  if (argc >= 4 && strcmp(argv[1], "compile") == 0)
    return compile(argv[2], argv[3], argc - 4, argv + 4);
  if (argc == 3 && strcmp(argv[1], "describe") == 0)
    return describe(argv[2]);
  if (argc == 5 && strcmp(argv[1], "images") == 0)
    return images(argv[2], argv[3], argv[4]);
  if (argc == 3 && strcmp(argv[1], "routers") == 0)
    return routers(argv[2]);
  if (argc == 3 && strcmp(argv[1], "misuse") == 0)
    return misuse(argv[2]);
  if (argc == 2 && strcmp(argv[1], "options") == 0) {
    for (size_t i = 0; i < inlayOptionsNumNames(); ++i)
      puts(inlayOptionsName(i).data);
    return 0;
  }
  fputs("usage: loader compile|describe|images|routers|misuse|options ...\n",
        stderr);
  return 1;
}
