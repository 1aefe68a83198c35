#include <network/activation_form.hpp>

namespace geolip::network {

ActivationForm form_of(const Activation& a) {
  using Numbers = std::vector<double>;
  const auto prelu = [](Numbers slope) { return ActivationForm{"prelu", {{"slope", std::move(slope)}}}; };
  const auto elu = [](double alpha, double width, double factor) {
    return ActivationForm{
        "elu", {{"alpha", Numbers{alpha}}, {"width", Numbers{width}}, {"factor", Numbers{factor}}}};
  };
  const auto clip = [](double scale, double shift, double low, double high) {
    return ActivationForm{"clip",
                          {{"scale", Numbers{scale}},
                           {"shift", Numbers{shift}},
                           {"low", Numbers{low}},
                           {"high", Numbers{high}}}};
  };
  switch (a.kind()) {
    case ActivationKind::identity:
      return prelu({1.0});
    case ActivationKind::relu:
      return prelu({0.0});
    case ActivationKind::leaky_relu:
      return prelu({a.alpha()});
    case ActivationKind::prelu:
      return prelu(a.slopes());
    case ActivationKind::elu:
      return elu(a.alpha(), 1.0, 1.0);
    case ActivationKind::celu:
      return elu(a.alpha(), a.alpha(), 1.0);
    case ActivationKind::selu:
      return elu(a.alpha(), 1.0, a.beta());
    case ActivationKind::clip:
      return clip(1.0, 0.0, a.alpha(), a.beta());
    case ActivationKind::hard_sigmoid:
      return clip(a.alpha(), a.beta(), 0.0, 1.0);
    default:
      return {std::string(to_string(a.kind())), {}};
  }
}

}  // namespace geolip::network
