//! Measures the cost of a frame besides its copy: header, checksums, both.

// A bench may panic, and reads the clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dfs_rpc::frame::{BLOCK_BYTES, DATA_BYTES_MAX, FrameHeader, block_crcs, table_checksum};
use std::hint::black_box;

fn frames(criterion: &mut Criterion) {
    let payload: Vec<u8> = (0..DATA_BYTES_MAX).map(|at| (at / 3) as u8).collect();
    let header = FrameHeader::data(1, 0, &payload);
    let encoded = header.encode();

    let mut headers = criterion.benchmark_group("frame header");
    headers.bench_function("encode", |bench| bench.iter(|| black_box(&header).encode()));
    headers.bench_function("decode and check", |bench| bench.iter(|| FrameHeader::decode(black_box(&encoded))));
    headers.finish();

    let mut data = criterion.benchmark_group("frame data");
    for length in [4_096, BLOCK_BYTES, DATA_BYTES_MAX] {
        let part = &payload[..length];
        data.throughput(Throughput::Bytes(length as u64));
        data.bench_function(format!("checksums of {length} bytes"), |bench| bench.iter(|| block_crcs(black_box(part))));
        let header = FrameHeader::data(1, 0, part);
        data.bench_function(format!("verify {length} bytes"), |bench| bench.iter(|| header.verify(black_box(part))));
    }
    data.finish();

    let table: Vec<u32> = (0..1024).collect();
    criterion
        .bench_function("checksum of the table of 64 MiB", |bench| bench.iter(|| table_checksum(black_box(&table))));
}

criterion_group!(benches, frames);
criterion_main!(benches);
