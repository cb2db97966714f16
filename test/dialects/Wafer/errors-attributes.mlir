// RUN: inlay-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{a figure is a finite f64 and not negative, got -1.000000e+00 : f64}}
#a = #inlay_wafer.figure<-1.0, "B", "">

// -----

// expected-error @below {{a figure is a finite f64 and not negative, got 0x7FF0000000000000 : f64}}
#a = #inlay_wafer.figure<0x7FF0000000000000, "B", "">

// -----

// expected-error @below {{a figure is a finite f64 and not negative, got 0x7FF8000000000000 : f64}}
#a = #inlay_wafer.figure<0x7FF8000000000000, "B", "">

// -----

// expected-error @below {{the grid needs at least 1 x 1 cores, got 0 x 8}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 0, height = 8, dead = [], report_clocks = [], figures = {}>

// -----

// expected-error @below {{the grid needs at least 1 x 1 cores, got 8 x -1}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = -1, dead = [], report_clocks = [], figures = {}>

// -----

// expected-error @below {{the grid has at most 65536 cores on a side, got 65537 x 8}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 65537, height = 8, dead = [], report_clocks = [], figures = {}>

// -----

// expected-error @below {{the grid has at most 65536 cores on a side, got 8 x 9223372036854775807}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 9223372036854775807, dead = [], report_clocks = [], figures = {}>

// -----

// expected-error @below {{clocks are finite and more than 0 GHz, got 0.000000e+00}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [0.75, 0.0], figures = {}>

// -----

// expected-error @below {{clocks are finite and more than 0 GHz, got INF}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [0x7FF0000000000000], figures = {}>

// -----

// expected-error @below {{dead rectangles are four numbers each, got 5 numbers}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [0, 0, 1, 1, 2], report_clocks = [], figures = {}>

// -----

// expected-error @below {{dead rectangle at (7, 0) of 2 x 1 cores does not lie inside the grid of 8 x 8}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [7, 0, 2, 1], report_clocks = [], figures = {}>

// -----

// expected-error @below {{dead rectangle at (0, 0) of 0 x 1 cores does not lie inside the grid of 8 x 8}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [0, 0, 0, 1], report_clocks = [], figures = {}>

// -----

// expected-error @below {{dead rectangle at (9223372036854775807, 0) of 1 x 1 cores does not lie inside the grid of 8 x 8}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [9223372036854775807, 0, 1, 1], report_clocks = [], figures = {}>

// -----

// expected-error @below {{dead rectangles at (0, 0) and (1, 1) overlap}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [0, 0, 2, 2, 1, 1, 2, 2], report_clocks = [], figures = {}>

// -----

// expected-error @below {{figure 'hop' is not an #inlay_wafer.figure}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {hop = 1.0 : f64}>

// -----

// expected-error @below {{figure 'frobs' is not known}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "frobs" = #inlay_wafer.figure<1.0, "", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// A rate of no type.
// expected-error @below {{figure 'mac_rate.' is not known}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate." = #inlay_wafer.figure<1.0, "", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'clock' is missing}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {}>

// -----

// expected-error @below {{figure 'wavelet' is missing}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">}>

// -----

// expected-error @below {{figures 'mac_rate.<type>' are missing}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figures 'element_rate.<type>' are missing}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'clock' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<0.0, "", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'element_rate.f16' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<0.0, "", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'link_rate' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<0.0, "", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'mac_rate.f16' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<0.0, "", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'sram' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<0.0, "", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'sram_read' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<0.0, "", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'sram_write' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<0.0, "", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'wafer_bandwidth' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<0.0, "", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'wavelet' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<0.0, "", "">}>

// -----

// expected-error @below {{figure 'sram' is at most 1.000000e+15, got 1.000000e+300}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<1.0e300, "", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{reserves 9.216000e+03 B of the 9.216000e+03 B of SRAM that a core has}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<9216.0, "", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{a wafer has at most 2^62 bytes of SRAM, got 1.000000e+15 B on each of 800 x 800 cores}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 800, height = 800, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "", "">, "sram" = #inlay_wafer.figure<1.0e15, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// What may be 0.
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 65536, height = 1, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<0.0, "", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "hop" = #inlay_wafer.figure<0.0, "", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<0.0, "", "">, "reserved" = #inlay_wafer.figure<0.0, "", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<0.0, "", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{there is at least 1 x 1 group, got 0 x 1}}
#a = #inlay_wafer.sharding<groups = 0 x 1, group = 4 x 4, ops = []>

// -----

// expected-error @below {{there is at least 1 x 1 group, got 1 x -2}}
#a = #inlay_wafer.sharding<groups = 1 x -2, group = 4 x 4, ops = []>

// -----

// expected-error @below {{a group needs at least 1 x 1 cores, got 0 x 4}}
#a = #inlay_wafer.sharding<group = 0 x 4, ops = []>

// -----

// expected-error @below {{a group needs at least 1 x 1 cores, got 4 x 0}}
#a = #inlay_wafer.sharding<groups = 2 x 2, group = 4 x 0, ops = []>

// -----

// One group may be cut over as well; it is the whole.
#a = #inlay_wafer.sharding<group = 4 x 4, ops = [[x], [none, group]]>

// -----

// expected-error @below {{expected one of [none, x, y, group] for what an iteration dim is cut over, got: z}}
#a = #inlay_wafer.sharding<group = 4 x 4, ops = [[z]]>

// -----

// expected-error @below {{expected 'group'}}
#a = #inlay_wafer.sharding<groups = 2 x 1, ops = []>

// -----

// expected-error @below {{expected one of [none, x, y, group] for what an iteration dim is cut over, got: west}}
#a = #inlay_wafer.axes<[west]>

// -----

// expected-error @below {{no cycles are named 'sleep'}}
#a = #inlay_wafer.cycles<sleep = 1.0>

// -----

// expected-error @below {{names 'sram' twice}}
#a = #inlay_wafer.cycles<sram = 1.0, sram = 2.0>

// -----

// expected-error @below {{cycles of 'software' are finite and not negative, got -1.000000e+00}}
#a = #inlay_wafer.cycles<software = -1.0>

// -----

// expected-error @below {{cycles of 'crossing' are finite and not negative, got INF}}
#a = #inlay_wafer.cycles<crossing = 0x7FF0000000000000>

// -----

// expected-error @below {{no cycles are named 'reach'}}
#a = #inlay_wafer.bound<reach = 1.0>

// -----

// expected-error @below {{names 'sram' twice}}
#a = #inlay_wafer.bound<sram = 1.0, sram = 1.0>

// -----

// expected-error @below {{cycles of 'distance' are finite and not negative, got nan}}
#a = #inlay_wafer.bound<distance = 0x7FF8000000000000>

// -----

// expected-error @below {{figure 'primitive.frobs' is not known}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "primitive.frobs" = #inlay_wafer.figure<1.0, "", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{figure 'primitive.vector_word' must be more than 0}}
#a = #inlay_wafer.target<name = "t", description = "", digest = "", width = 8, height = 8, dead = [], report_clocks = [], figures = {"clock" = #inlay_wafer.figure<1.0, "GHz", "">, "colours" = #inlay_wafer.figure<21.0, "1", "">, "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "primitive.vector_word" = #inlay_wafer.figure<0.0, "", "">, "hop" = #inlay_wafer.figure<1.0, "cycle", "">, "link_rate" = #inlay_wafer.figure<1.0, "wavelet/cycle", "">, "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "">, "ramp" = #inlay_wafer.figure<2.0, "cycle", "">, "reserved" = #inlay_wafer.figure<1024.0, "B", "">, "sram" = #inlay_wafer.figure<9216.0, "B", "">, "sram_read" = #inlay_wafer.figure<16.0, "B/cycle", "">, "sram_write" = #inlay_wafer.figure<8.0, "B/cycle", "">, "wafer_bandwidth" = #inlay_wafer.figure<150.0, "GB/s", "">, "wafer_latency" = #inlay_wafer.figure<10.0, "us", "">, "wavelet" = #inlay_wafer.figure<4.0, "B", "">}>

// -----

// expected-error @below {{routing is either Zipf's law or a trace}}
#a = #inlay_wafer.routing<>

// -----

// expected-error @below {{routing is either Zipf's law or a trace}}
#a = #inlay_wafer.routing<zipf = 1.0, trace = "t", digest = "", layers = [0], choices = [dense<1> : tensor<1x1xui16>]>

// -----

// expected-error @below {{the exponent of Zipf's law is an f64 from 0 to 1.000000e+02, got -1.000000e+00 : f64}}
#a = #inlay_wafer.routing<zipf = -1.0>

// -----

// expected-error @below {{a trace has a digest, layers, and choices for each of them}}
#a = #inlay_wafer.routing<trace = "t", digest = "", layers = [0, 1], choices = [dense<1> : tensor<1x1xui16>]>

// -----

// expected-error @below {{layers of a trace rise from 0 on, got 1 after 1}}
#a = #inlay_wafer.routing<trace = "t", digest = "", layers = [1, 1], choices = [dense<1> : tensor<1x1xui16>, dense<1> : tensor<1x1xui16>]>

// -----

// expected-error @below {{choices of layer 1 are a tensor of ui16 of two dims, not empty}}
#a = #inlay_wafer.routing<trace = "t", digest = "", layers = [1], choices = [array<i64: 1>]>

// -----

// expected-error @below {{choices of layer 1 are a tensor of ui16 of two dims, not empty}}
#a = #inlay_wafer.routing<trace = "t", digest = "", layers = [1], choices = [dense<1> : tensor<1x1xi16>]>

// -----

// expected-error @below {{says what 1 groups hold, but has 2 x 1}}
#a = #inlay_wafer.sharding<groups = 2 x 1, group = 4 x 8, ops = [[group]], held = [[0, 1]]>
