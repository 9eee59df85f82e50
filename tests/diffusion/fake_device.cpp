// A stand-in for an accelerator: tensors in main memory that claim to be on a device "fake".
//
// Like a real one it refuses to work on tensors of two devices, and its memory has a limit. It
// computes by copying to the CPU and back, so its pictures are the CPU's.

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_as_complex_native.h>
#include <ATen/ops/view_as_real_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>

namespace {

constexpr auto kFake = c10::DeviceType::PrivateUse1;
const c10::Device device{kFake, 0};
std::atomic<long> held{0}, peak{0}, limit{0};

struct Block {
  void* data;
  long bytes;
};

void release(void* context) {
  auto* block = static_cast<Block*>(context);
  held -= block->bytes;
  free(block->data);
  delete block;
}

struct Allocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    if (limit && held + static_cast<long>(bytes) > limit) {
      TORCH_CHECK_WITH(OutOfMemoryError, false, "The fake device is out of memory.");
    }
    held += bytes;
    if (held > peak) peak = held.load();
    auto* block = new Block{bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : nullptr,
                            static_cast<long>(bytes)};
    return {block->data, block, &release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    memcpy(to, from, bytes);
  }
};
Allocator allocator;
REGISTER_ALLOCATOR(kFake, &allocator)

struct Guard final : c10::impl::DeviceGuardImplInterface {
  static constexpr c10::DeviceType static_type = kFake;
  c10::DeviceType type() const override { return kFake; }
  c10::Device exchangeDevice(c10::Device) const override { return device; }
  c10::Device getDevice() const override { return device; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override {
    return c10::Stream(c10::Stream::DEFAULT, device);
  }
  c10::Stream exchangeStream(c10::Stream) const override { return getStream(device); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

at::Tensor seen_by_cpu(const at::Tensor& t) {
  if (t.is_cpu()) return t;
  auto* start = static_cast<char*>(t.storage().mutable_data()) + t.storage_offset() * t.itemsize();
  return at::from_blob(start, t.sizes(), t.strides(), at::TensorOptions().dtype(t.dtype()));
}

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> type,
                 std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &allocator,
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(type), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                         std::optional<at::ScalarType> type, std::optional<at::Layout>,
                         std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &allocator,
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(type));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  at::NoGradGuard no_grad;
  if (from.numel()) seen_by_cpu(to).copy_(seen_by_cpu(from));
  return to;
}

const at::Tensor& resize(const at::Tensor& self, at::SymIntArrayRef symbolic,
                         std::optional<at::MemoryFormat>) {
  self.unsafeGetTensorImpl()->set_sizes_contiguous(C10_AS_INTARRAYREF_SLOW(symbolic));
  auto storage = self.storage();
  const size_t needed = (self.storage_offset() + self.numel()) * self.itemsize();
  if (needed > storage.nbytes()) {
    auto larger = allocator.allocate(needed);
    if (storage.nbytes()) memcpy(larger.get(), storage.data(), storage.nbytes());
    storage.set_data_ptr_noswap(std::move(larger));
    storage.set_nbytes(needed);
  }
  return self;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Tensor reshape_alias(const at::Tensor& t, at::IntArrayRef size, at::IntArrayRef stride) {
  return at::native::as_strided_tensorimpl(t, size, stride, t.storage_offset());
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, at::SymIntArrayRef stride,
                       at::SymIntArrayRef padding, at::SymIntArrayRef dilation, bool transposed,
                       at::SymIntArrayRef output_padding, c10::SymInt groups) {
  const bool biased = bias && bias->defined();
  TORCH_CHECK(!input.is_cpu() && !weight.is_cpu() && !(biased && bias->is_cpu()),
              "tensors on two devices in convolution");
  auto result = at::convolution_symint(
      seen_by_cpu(input), seen_by_cpu(weight),
      biased ? std::optional<at::Tensor>(seen_by_cpu(*bias)) : std::nullopt, stride, padding,
      dilation, transposed, output_padding, std::move(groups));
  return copy_from(result, empty(result.sizes(), result.scalar_type(), {}, {}, {}, {}), false);
}

void on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  bool on_cpu = false, on_fake = false;
  auto look = [&](const at::Tensor& t) {
    if (!t.defined()) return;
    if (!t.is_cpu()) on_fake = true;
    else if (t.dim()) on_cpu = true;  // numbers may come from anywhere
  };
  for (const auto& value : torch::jit::last(*stack, op.schema().arguments().size())) {
    if (value.isTensor()) look(value.toTensor());
    if (value.isTensorList()) for (const at::Tensor& t : value.toTensorVector()) look(t);
  }
  TORCH_CHECK(!(on_cpu && on_fake), "tensors on two devices in ", op.schema().name());
  at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_cpu>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("_copy_from", &copy_from);
  m.impl("_copy_from_and_resize", &copy_from_and_resize);
  m.impl("resize_", &resize);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("_reshape_alias", &reshape_alias);
  m.impl("view", at::native::view);
  m.impl("unfold", at::native::unfold);
  m.impl("view_as_real", at::native::view_as_real);
  m.impl("view_as_complex", at::native::view_as_complex);
  m.impl("convolution_overrideable", &convolution);
}

}  // namespace

extern "C" long held_bytes() { return held; }
extern "C" long peak_bytes() { return peak; }
extern "C" void reset_peak() { peak = held.load(); }
extern "C" void set_limit_bytes(long bytes) { limit = bytes; }
