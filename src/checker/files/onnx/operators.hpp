/// \file
/// The operators on the way from the input to the output.
#pragma once

#include "checker/files/onnx/graph.hpp"
#include "checker/files/onnx/node.hpp"

namespace geolip::checker::onnx {

/// What an operator gets: the graph so far, with the first of its data at hand; its node, which of its inputs
/// those data are, and its constants (null: left out, or data).
struct Step {
  Graph& graph;
  const Node& node;
  std::size_t data;
  const std::vector<const Tensor*>& constants;
  const std::vector<const Data*>& tensors;  ///< by input; null: a constant, or left out
  ExternalFiles& files;
  Budget& budget;
  bool logits;  ///< a Softmax may be dropped
  /// The rows of a batch that is read as one, as the file has them; 1 without a batch.
  Index rows = 1;
  bool any_rows = false;  ///< the file leaves their number open, and `rows` stands for it
  /// The constants with all rows counted where shapes of data are in them; null: not known, or no constant.
  std::vector<const Tensor*> counted;

  /// The constant at input i; throws ReadError, calling it `what`, if it is left out.
  const Tensor& constant(std::size_t i, std::string_view what) const;
};

/// Adds what the node does to the graph; what it makes is then at hand. Throws ReadError for an operator that
/// is not known.
void apply_operator(const Step& step);
/// Whether an operator's results are elements of its inputs, or larger or smaller ones of two of them, and
/// says itself which.
bool keeps_elements(std::string_view op);
/// Split, with several outputs: what each of them is.
std::vector<Data> apply_split(const Step& step);

// What the files with operators share.

void require_real(const Tensor& tensor, const char* what);
/// The data must be input 0: the constants' places are not theirs.
void require_data_first(const Step& s);
[[noreturn]] void fail_rows(const Step& s, Index rows);
/// A list that is an attribute in older versions of an operator and input `i` in newer ones.
std::optional<std::vector<Index>> list_of(const Step& s, const char* attribute, std::size_t i = 1);

void softmax(const Step& s);  // activations.cpp
void plain(const Step& s);
void leaky_relu(const Step& s);
void absolute_value(const Step& s);
void elu(const Step& s);
void selu(const Step& s);
void hard_sigmoid(const Step& s);
void prelu(const Step& s);
void clip(const Step& s);
void gelu(const Step& s);
void hard_swish(const Step& s);
void celu(const Step& s);
void swish(const Step& s);
void conv(const Step& s);  // images.cpp
void conv_transpose(const Step& s);
void average_pool(const Step& s);
void global_average_pool(const Step& s);
void max_pool(const Step& s);
void global_max_pool(const Step& s);
void reduce_mean(const Step& s);
void reduce_sum(const Step& s);
void reduce_extreme(const Step& s);
void extreme(const Step& s);  // extreme.cpp
void top_k(const Step& s);
void upsample(const Step& s);  // resize.cpp
void choose(const Step& s);    // selection.cpp
void concat(const Step& s);
void pad(const Step& s);
void add_tensors(const Step& s, double coefficient);

}  // namespace geolip::checker::onnx
