//===- Target.h - A machine, as data ----------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What Inlay knows of a machine comes from a JSON file (docs/schema): the grid,
// the SRAM of a core, rates, links. Every number has a unit and a source there;
// a number that nobody published is marked as an assumption.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TARGET_TARGET_H
#define INLAY_TARGET_TARGET_H

#include "inlay/Model/Geometry.h"
#include "inlay/Support/Diagnostic.h"

#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace inlay::target {

/// A number with its provenance.
struct Quantity {
  double value = 0;
  std::string unit;
  std::string source;
  bool assumption = false; ///< nobody published it

  /// False for an optional number that the file leaves out.
  bool isGiven() const { return !unit.empty(); }
  /// The number where it is given, else `otherwise`.
  double valueOr(double otherwise) const {
    return isGiven() ? value : otherwise;
  }
};

/// How well a primitive agrees with the rows that it was fitted on.
struct Fit {
  std::vector<std::string> rows; ///< "meshgemv_wse3.csv: MeshGEMV", ...
  int64_t numRows = 0;
  double meanError = 0;    ///< mean |predicted / measured - 1| over the rows
  double largestError = 0; ///< largest |predicted / measured - 1|
};

struct Target {
  std::string name;
  std::string description;
  std::string digest; ///< SHA-256 of the file, in hex
  model::Extent grid; ///< usable rectangle of one wafer, in cores
  /// Rectangles that regions and routes avoid.
  std::vector<model::Rect> dead;

  Quantity clock;                   ///< GHz
  std::vector<double> reportClocks; ///< further clocks for tokens/s, GHz
  Quantity sram;                    ///< bytes of a core
  Quantity reserved;                ///< bytes of it for code, stack and runtime
  Quantity sramRead;                ///< bytes per cycle and core
  Quantity sramWrite;               ///< bytes per cycle and core
  Quantity wavelet;                 ///< bytes of one wavelet
  Quantity linkRate;                ///< wavelets per cycle, link and direction
  Quantity hop;            ///< cycles from router to neighbouring router
  Quantity ramp;           ///< cycles between a router and its core (T_R)
  Quantity coloursTotal;   ///< colours that user streams may take
  Quantity waferBandwidth; ///< GB/s from wafer to wafer
  Quantity waferLatency;   ///< microseconds from wafer to wafer

  /// Optional figures; a machine without them is a mesh with one network, no
  /// memory but SRAM, and no stated cost of dequantising.
  Quantity wrap;     ///< 1: rows and columns close to rings (a torus)
  Quantity networks; ///< networks side by side; two run in opposite directions
  Quantity dramCapacity;  ///< bytes of memory beside the SRAM
  Quantity dramBandwidth; ///< GB/s of that memory
  Quantity dequantise;    ///< operations for each dequantised weight
  Quantity banks; ///< of a core's SRAM: equal ranges of addresses, in order

  /// Multiply-accumulates per cycle and core, by MLIR's name of the element
  /// type of the activations ("f16").
  std::map<std::string, Quantity> macRate;
  /// Elementwise operations per cycle and core, likewise.
  std::map<std::string, Quantity> elementRate;

  /// Measured costs of the machine's software, by the names of `kPrimitives`
  /// (Figures.h); what nobody measured is not there. Calibrated estimates are
  /// made of them.
  std::map<std::string, Quantity> primitives;
  /// Of the primitives that were fitted, on which rows and how well. The wafer
  /// dialect does not keep these.
  std::map<std::string, Fit> fits;
  /// What a calibrated estimate would need and no measurement isolates.
  std::vector<std::string> unknowns;

  /// Bytes of a core that data may use.
  int64_t budget() const {
    return static_cast<int64_t>(sram.value - reserved.value);
  }
  /// True where the bytes of all cores of a wafer, at most `kLargestWafer`, can
  /// be counted.
  bool hasCountableSram() const;
  /// Cores that are not dead.
  int64_t usableCores() const;
  bool isTorus() const { return wrap.valueOr(0) != 0; }
  /// Hops between cores that lie `dx` columns and `dy` rows apart, by the
  /// shortest way: on a torus also around the edge.
  int64_t hops(int64_t dx, int64_t dy) const;

  /// A primitive; nullptr where it is not known.
  const Quantity *primitive(const std::string &primitiveName) const;

  /// Rates of a type; of an unlisted type that of the widest listed one, which
  /// is the slowest.
  double macsPerCycle(const std::string &type) const;
  double elementsPerCycle(const std::string &type) const;
};

/// Reads a device description. Every wrong field becomes an error.
std::optional<Target> load(const std::string &path, Diagnostics &diags);

/// The same on the text of the file.
std::optional<Target> parse(llvm::StringRef text, Diagnostics &diags);

/// Finds a target by name in `directory`, where that is empty among those that
/// came with Inlay (SharedData.h), or reads `nameOrFile` as a path when it ends
/// in ".json". An unknown name is an error that lists the names that exist.
std::optional<Target> find(const std::string &nameOrFile,
                           const std::string &directory, Diagnostics &diags);

/// What the command line may change of a target; unset fields change nothing.
struct Overrides {
  std::optional<int64_t> reserve;        ///< bytes
  std::optional<double> crossingLatency; ///< microseconds
  std::optional<double> clock;           ///< GHz
  std::optional<int64_t> sram;           ///< bytes of a core
};

/// Applies overrides; an error when a value is out of range.
bool apply(const Overrides &overrides, Target &target, Diagnostics &diags);

} // namespace inlay::target

#endif // INLAY_TARGET_TARGET_H
